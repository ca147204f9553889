import { expect } from 'chai';
import { Corpus } from '../../scripts/kyaml/corpus.ts';
import { readAnswer } from './answered-list.ts';
import { readDocuments } from './documents.ts';
import { LIST_VERSION, type ResourceList, readList, writeGiven, writeList } from './resource-list.ts';
import { lookup, type YamlNode } from './yaml/node.ts';

function list(items: readonly YamlNode[]): ResourceList {
  return { apiVersion: LIST_VERSION, items, functionConfig: undefined, results: undefined };
}

/** Resources without a comment among those of a seed. */
function resources(seed: number): readonly YamlNode[] {
  const corpus = new Corpus(seed);
  const nodes: YamlNode[] = [];
  for (let i = 0; i < 40; i++) {
    const text = corpus.file();
    if (text.includes('#')) continue;
    try {
      nodes.push(...readDocuments(text, `f${i}.yaml`));
    } catch {
      // no YAML: the corpus has such, too
    }
  }
  return nodes;
}

describe("a function's answer", () => {
  const changes: readonly {
    readonly name: string;
    readonly change: (text: string) => string;
    readonly keeps?: false;
  }[] = [
    { name: 'nothing', change: (text) => text },
    { name: 'some items', change: (text) => text.replaceAll(/name: n\d*3\b/g, 'name: changed') },
    { name: 'values', change: (text) => text.replaceAll(/(?<=^ .*: )(\w+)$/gm, 'v$1') },
    { name: 'values that are other values', change: (text) => text.replaceAll(/(?<=^ .*: )(\w+)$/gm, "'$1 x'") },
    { name: 'values that are none', change: (text) => text.replaceAll(/(?<=^ .*:) \w+$/gm, ''), keeps: false },
    { name: 'values that are lists', change: (text) => text.replaceAll(/(?<=^ .*: )(\w+)$/gm, '[$1]'), keeps: false },
    { name: 'values of lists', change: (text) => text.replaceAll(/(?<=^ .*- )(\w+)$/gm, 'v$1') },
    { name: 'keys', change: (text) => text.replaceAll(/^( +)(\w*\d)(?=:)/gm, '$1$2x'), keeps: false },
    { name: 'lines that move', change: (text) => text.replaceAll(/^( +\w+: .*\n)( +\w+: .*\n)/gm, '$2$1') },
    { name: 'results', change: (text) => `${text}results:\n- message: x\n- message: y\n` },
    {
      name: 'items taken away',
      change: (text) => text.replaceAll(/\n- apiVersion: v1\n(?: .*\n)*(?= {2}kind: Thing\n)/g, '\n- '),
    },
    { name: 'an item added', change: (text) => `${text}- {apiVersion: v1, kind: New, metadata: {name: x}}\n` },
  ];
  for (const { name, change, keeps } of changes) {
    it(`read item by item means what it means read whole: ${name}`, () => {
      let kept = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const given = writeGiven(list(resources(seed)));
        const answer = change(given.text);
        let whole: ResourceList;
        try {
          whole = readList(answer);
        } catch {
          continue;
        }
        const read = readAnswer(answer, given, true);
        kept += read.kept.size;
        const [byItems, atOnce] = [{ ...read.list }, { ...whole }].map((one) =>
          writeList({ ...one, functionConfig: undefined }),
        );
        expect(byItems, `seed ${seed}`).to.equal(atOnce);
      }
      if (keeps !== false) expect(kept, 'items that were not read again').to.be.greaterThan(5);
    });
  }

  it('with comments in what changed is read whole', () => {
    const given = writeGiven(list(readDocuments('apiVersion: v1\nkind: A\nmetadata:\n  name: a # c\n', 'a.yaml')));
    expect(readAnswer(given.text, given, true).kept.size).to.equal(0);
  });

  it('leaves what was given as it was where that may not change', () => {
    const items = readDocuments(
      'apiVersion: v1\nkind: A\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: B\nmetadata:\n  name: b\n',
      'a.yaml',
    );
    const given = writeGiven(list(items));
    const read = readAnswer(given.text.replace('name: a', 'name: c'), given, false);
    expect(read.list.items.map((item) => lookup(item, 'metadata', 'name')?.value)).to.deep.equal(['c', 'b']);
    expect(items.map((item) => lookup(item, 'metadata', 'name')?.value)).to.deep.equal(['a', 'b']);
  });
});
