import { expect } from 'chai';
import { PAUSED, TRIGGER } from '../../contract.ts';
import { nodeView } from '../../operator/decide/examples.ts';
import type { NodeRecord } from '../../operator/decide/record.ts';
import type { NodeView } from '../../operator/decide/view.ts';
import { isWanted } from '../../operator/decide/wanted.ts';
import { parseDuration } from '../node.ts';
import type { Wish } from '../status/node-row.ts';
import { progressTo } from './goal.ts';
import { isStuck } from './retry.ts';
import { selectionOf } from './select.ts';
import { isForgotten, type NodePatch, patchFor, restored } from './wish.ts';

const jobs: Wish = { autoProvision: false, mode: 'jobs' };
const daemonset: Wish = { autoProvision: false, mode: 'daemonset' };
const trigger = (annotation?: string, label?: string) => nodeView({ trigger: { annotation, label } });

/** As the API server would have it. */
function patched(node: NodeView, patch: NodePatch | undefined): NodeView {
  const { annotations = {}, labels = {} } = patch?.metadata ?? {};
  const of = (map: Readonly<Record<string, string | null>>, key: string, old: string | undefined) =>
    Object.hasOwn(map, key) ? (map[key] ?? undefined) : old;
  return {
    ...node,
    trigger: {
      annotation: of(annotations, TRIGGER, node.trigger.annotation),
      label: of(labels, TRIGGER, node.trigger.label),
    },
    paused: of(annotations, PAUSED, node.paused ? 'true' : undefined) === 'true',
  };
}

describe('what is asked of a node', () => {
  const triggers = [undefined, 'true', 'false', 'yes'];
  const wishes: readonly Wish[] = [
    jobs,
    daemonset,
    { ...jobs, autoProvision: true },
    { ...daemonset, autoProvision: true },
  ];
  for (const wish of wishes) {
    for (const annotation of triggers) {
      for (const label of triggers) {
        const name = `${JSON.stringify(wish)}, annotation ${annotation}, label ${label}`;
        it(`enable makes it wanted, disable makes it unwanted: ${name}`, () => {
          const node = trigger(annotation, label);
          const enabled = patched(node, patchFor('enable', node, wish));
          expect(isWanted(enabled, wish)).to.equal(true);
          expect(patchFor('enable', enabled, wish), 'asked twice').to.equal(undefined);
          const disabled = patched(node, patchFor('disable', node, wish));
          expect(isWanted(disabled, wish)).to.equal(false);
          expect(patched(disabled, restored(node)).trigger, 'restored').to.deep.equal({ annotation, label });
        });
      }
    }
  }

  it('leaves nothing behind where nothing makes nodes wanted by itself', () => {
    expect(patched(trigger('true', 'true'), patchFor('disable', trigger('true', 'true'), jobs)).trigger).to.deep.equal({
      annotation: undefined,
      label: undefined,
    });
    expect(patchFor('disable', trigger(), jobs)).to.equal(undefined);
  });

  it('pauses and resumes', () => {
    const node = nodeView();
    const paused = patched(node, patchFor('pause', node, jobs));
    expect(paused.paused).to.equal(true);
    expect(patchFor('pause', paused, jobs)).to.equal(undefined);
    expect(patched(paused, patchFor('resume', paused, jobs)).paused).to.equal(false);
  });

  it('names Shims beside the trigger, and alone on a node that has it', () => {
    const key = 'kwasm.sh/shims';
    expect(patchFor('enable', trigger(), jobs, ['spin', 'wasmtime'])?.metadata.annotations).to.deep.equal({
      [TRIGGER]: 'true',
      [key]: 'spin,wasmtime',
    });
    expect(patchFor('enable', trigger('true'), jobs, [])?.metadata.annotations).to.deep.equal({ [key]: null });
  });
});

const recordOf = (state: NodeRecord['state'], reason: NodeRecord['reason'], attempts = 1) =>
  JSON.stringify({
    ...{
      version: 1,
      state,
      reason,
      message: '',
      desired: '',
      image: '',
      job: '',
      nodeUid: 'node-uid-1',
      machineId: '',
    },
    ...{ bootId: '', handlers: [], containerd: '', touched: true, attempts, at: '2026-01-02T03:04:05Z' },
  } satisfies NodeRecord);

describe('how far a node is', () => {
  const condition = (reason: string) => ({ status: 'False' as const, reason, message: 'm', sinceMs: 0 });
  const cases = [
    { name: 'not seen yet', goal: 'ready', node: nodeView(), kind: 'going' },
    { name: 'installing', goal: 'ready', node: nodeView({ condition: condition('Installing') }), kind: 'going' },
    { name: 'ready', goal: 'ready', node: nodeView({ condition: condition('Provisioned') }), kind: 'done' },
    { name: 'refused', goal: 'ready', node: nodeView({ condition: condition('Refused') }), kind: 'failed' },
    { name: 'nothing left', goal: 'gone', node: trigger(), kind: 'done' },
    { name: 'still wanted', goal: 'gone', node: nodeView(), kind: 'going' },
    {
      name: 'pods in the way',
      goal: 'gone',
      node: { ...trigger(), condition: condition('InUse'), record: '{}' },
      kind: 'going',
    },
    {
      name: 'broken while it was undone',
      goal: 'gone',
      node: { ...trigger(), condition: condition('Broken'), record: recordOf('removing', 'Broken') },
      kind: 'failed',
    },
    {
      name: 'refused while it was undone, which is tried again once a person has mended it',
      goal: 'gone',
      node: {
        ...trigger(),
        condition: condition('UninstallRefused'),
        record: recordOf('removing', 'UninstallRefused'),
      },
      kind: 'failed',
    },
    {
      name: 'broken while it was undone, and to be tried again',
      goal: 'gone',
      node: { ...trigger(), condition: condition('Broken'), record: recordOf('removing', 'Broken'), retry: true },
      kind: 'going',
    },
    {
      name: 'broken while it was undone, and about to be tried again',
      goal: 'gone',
      node: { ...trigger(), condition: condition('Broken'), record: recordOf('removing', 'Broken', 0) },
      kind: 'going',
    },
    {
      name: 'refused before it was to be undone',
      goal: 'gone',
      node: { ...trigger(), condition: condition('Refused'), record: recordOf('failed', 'Refused') },
      kind: 'going',
    },
  ] as const;
  for (const { name, goal, node, kind } of cases) {
    it(`${name}: ${kind}`, () => expect(progressTo(goal, node, jobs).kind).to.equal(kind));
  }

  it('is stuck when its undoing has failed, and not when somebody wants it', () => {
    const record = recordOf('removing', 'UninstallRefused');
    expect(isStuck({ ...trigger(), record }, jobs)).to.equal(true);
    expect(isStuck({ ...trigger('true'), record }, jobs)).to.equal(false);
    expect(isStuck({ ...trigger(), record: recordOf('removing', 'InUse', 0) }, jobs)).to.equal(false);
    expect(isStuck({ ...trigger(), record: recordOf('failed', 'Refused') }, jobs)).to.equal(false);
  });

  it('is forgotten when neither condition nor record is left', () => {
    expect(isForgotten(nodeView())).to.equal(true);
    expect(isForgotten(nodeView({ record: '{}' }))).to.equal(false);
    expect(isForgotten(nodeView({ condition: condition('Refused') }))).to.equal(false);
  });
});

describe('which nodes', () => {
  it('are named in exactly one way', () => {
    expect(selectionOf(['a', 'a', 'b'], {})).to.deep.equal({ kind: 'names', names: ['a', 'b'] });
    expect(selectionOf([], { all: true })).to.deep.equal({ kind: 'all' });
    for (const [names, flags] of [
      [[], {}],
      [['a'], { all: true }],
      [[], { all: true, selector: 'x' }],
    ] as const) {
      expect(() => selectionOf(names, flags)).to.throw(/their names, or -l SELECTOR, or --all/);
    }
  });
});

describe('a duration', () => {
  for (const [text, ms] of [
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['30', 30_000],
  ] as const) {
    it(text, () => expect(parseDuration(text)).to.equal(ms));
  }
  for (const text of ['', '0s', '5d', 'soon', '48h', '-1s']) {
    it(`not ${JSON.stringify(text)}`, () => expect(() => parseDuration(text)).to.throw());
  }
});
