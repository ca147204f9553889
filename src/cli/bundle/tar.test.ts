import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { tarGz } from './tar.ts';

describe('the archive', () => {
  const files = [
    { path: 'kwasm-support/nodes/a.json', text: '{"ä": 1}\n' },
    { path: 'kwasm-support/empty', text: '' },
    { path: 'kwasm-support/block', text: 'x'.repeat(512) },
  ];
  const archive = tarGz(files, Date.UTC(2026, 0, 2));

  it('is one that tar reads', () => {
    const list = execFileSync('tar', ['-tzf', '-'], { input: archive, encoding: 'utf8' });
    expect(list.trim().split('\n')).to.deep.equal(files.map(({ path }) => path));
    const text = execFileSync('tar', ['-xzOf', '-', 'kwasm-support/nodes/a.json'], {
      input: archive,
      encoding: 'utf8',
    });
    expect(text).to.equal('{"ä": 1}\n');
  });
  it('refuses a path that it would cut', () =>
    expect(() => tarGz([{ path: 'a'.repeat(101), text: '' }], 0)).to.throw(/too long/));
});
