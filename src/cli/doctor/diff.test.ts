import { expect } from 'chai';
import { painter, widthOf } from '../screen.ts';
import { colourDiff } from './diff.ts';

describe('a diff on a terminal', () => {
  const text = 'unit         containerd.service\n--- /etc/a\n+++ /etc/a\n@@ line 1 @@\n-old\n+new\n context';
  it('has colours on what changes and on nothing else', () => {
    const lines = colourDiff(text, painter(true)).split('\n');
    const coloured = lines.map((line) => line.length > widthOf(line));
    expect(coloured).to.deep.equal([false, true, true, false, true, true, false]);
  });
  it('is the text itself elsewhere', () => expect(colourDiff(text, painter(false))).to.equal(text));
});
