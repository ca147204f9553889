import { expect } from 'chai';
import { Corpus } from '../../scripts/kyaml/corpus.ts';
import { readAnswer } from './answered-list.ts';
import { readDocuments } from './documents.ts';
import { LIST_VERSION, type ResourceList, readList, writeGiven, writeList } from './resource-list.ts';
import type { YamlNode } from './yaml/node.ts';

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
  const changes: readonly { readonly name: string; readonly change: (text: string) => string }[] = [
    { name: 'nothing', change: (text) => text },
    { name: 'some items', change: (text) => text.replaceAll(/name: n\d*3\b/g, 'name: changed') },
    { name: 'results', change: (text) => `${text}results:\n- message: x\n- message: y\n` },
    {
      name: 'items taken away',
      change: (text) => text.replaceAll(/\n- apiVersion: v1\n(?: .*\n)*(?= {2}kind: Thing\n)/g, '\n- '),
    },
    { name: 'an item added', change: (text) => `${text}- {apiVersion: v1, kind: New, metadata: {name: x}}\n` },
  ];
  for (const { name, change } of changes) {
    it(`read item by item means what it means read whole: ${name}`, () => {
      let unchanged = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const given = writeGiven(list(resources(seed)));
        const answer = change(given.text);
        let whole: ResourceList;
        try {
          whole = readList(answer);
        } catch {
          continue;
        }
        const read = readAnswer(answer, given);
        unchanged += read.unchanged.size;
        const [byItems, atOnce] = [{ ...read.list }, { ...whole }].map((one) =>
          writeList({ ...one, functionConfig: undefined }),
        );
        expect(byItems, `seed ${seed}`).to.equal(atOnce);
      }
      expect(unchanged, 'items that were not read again').to.be.greaterThan(5);
    });
  }

  it('with comments in what changed is read whole', () => {
    const given = writeGiven(list(readDocuments('apiVersion: v1\nkind: A\nmetadata:\n  name: a # c\n', 'a.yaml')));
    expect(readAnswer(given.text, given).unchanged.size).to.equal(0);
  });
});
