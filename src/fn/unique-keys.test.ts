import { expect } from 'chai';
import { readDocuments } from './documents.ts';
import { Workshop } from './testing.ts';

const many = Array.from({ length: 30 }, (_, i) => `  k${i}: v\n`).join('');

describe('one key twice in a map', () => {
  const refused = [
    { text: 'a: 1\nb: 2\na: 3\n', says: 'the key "a" stands twice in the document' },
    {
      text: 'spec:\n  containers:\n  - name: x\n  - {image: a, image: b}\n',
      says: '"image" stands twice in spec.containers.1',
    },
    { text: `data:\n${many}  k7: again\n`, says: '"k7" stands twice in data' },
    { text: 'a: &x {b: 1}\nc:\n  <<: *x\n  <<: *x\n', says: '"<<" stands twice in c' },
    { text: 'a: 1\n---\nb: 1\nb: 2\n', says: '"b" stands twice in the document' },
  ];
  for (const { text, says } of refused) {
    it(JSON.stringify(text.slice(0, 40)), () => expect(() => readDocuments(text, 'f.yaml')).to.throw(says));
  }

  it('one key in several maps is as it should be', () => {
    expect(readDocuments(`a: {b: 1}\nc: {b: 1, a: 2}\ndata:\n${many}\n---\na: 1\n`, 'f.yaml')).to.have.length(2);
  });

  it('of a package is told with its file, and of an answer is the failure of its function', async () => {
    const shop = new Workshop();
    try {
      const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n';
      shop.write({ 'p/a.yaml': `${map}  x: "3"\n` });
      const error = await shop.eval('p', '/bin/cat').then(String, String);
      expect(error).to.match(/p\/a\.yaml: the key "x" stands twice in data/);
      shop.write({ 'p/a.yaml': map });
      const twice = shop.script('twice.sh', `exec sed 's/x: "1"/x: "1"\\n    x: "2"/'`);
      expect(await shop.eval('p', twice).then(String, String)).to.contain('the key "x" stands twice in data');
      expect(shop.tree('p')).to.deep.equal({ 'a.yaml': map });
    } finally {
      shop.remove();
    }
  });
});
