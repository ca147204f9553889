import { expect } from 'chai';
import fc from 'fast-check';
import type { Outcome } from '../../verdict.ts';
import { CANARY_DEFAULTS } from './canary-policy.ts';
import { decide } from './decide.ts';
import { nodeView, policy, said } from './examples.ts';
import type { Policy } from './policy.ts';
import { recall } from './record.ts';
import { Simulation } from './simulation.ts';
import type { ContainerState, NodeView } from './view.ts';
import { isWanted } from './wanted.ts';

type Step =
  | { readonly kind: 'want'; readonly annotation: 'true' | undefined }
  | { readonly kind: 'end'; readonly state: ContainerState }
  | { readonly kind: 'loseJob' }
  | { readonly kind: 'pass'; readonly ms: number }
  /** The kubelet reports other handlers; or the node boots. */
  | { readonly kind: 'reports'; readonly handlers: readonly string[] }
  | { readonly kind: 'boot' }
  /** A person asks for another try. */
  | { readonly kind: 'ask' }
  /** The operator dies after so many actions, and a new one begins. */
  | { readonly kind: 'crash'; readonly after: number };

const outcome = fc.constantFrom<Outcome>(
  'installed',
  'unchanged',
  'uninstalled',
  'absent',
  'refused',
  'failed',
  'rolledBack',
  'broken',
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('want' as const), annotation: fc.constantFrom('true' as const, undefined) }),
  fc.record({ kind: fc.constant('end' as const), state: outcome.map((is) => said(is, ['wasmtime'])) }),
  fc.constant<Step>({ kind: 'end', state: { kind: 'ended', exitCode: 137, reason: 'OOMKilled', text: '' } }),
  fc.constant<Step>({ kind: 'loseJob' }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 3_600_000 }) }),
  fc.record({
    kind: fc.constant('reports' as const),
    handlers: fc.constantFrom<readonly string[]>([], ['runc'], ['runc', 'wasmtime']),
  }),
  fc.constant<Step>({ kind: 'boot' }),
  fc.constant<Step>({ kind: 'ask' }),
  fc.record({ kind: fc.constant('crash' as const), after: fc.integer({ min: 0, max: 3 }) }),
);
const lives = fc.array(step, { maxLength: 12 });
const beginnings = fc.constantFrom(nodeView(), nodeView({ provisionedLabel: 'n1' }), nodeView({ record: 'spoiled' }));
const TAINT = 'kwasm.sh/not-ready';
const careful: Policy = {
  ...policy,
  startupTaint: TAINT,
  canary: { ...CANARY_DEFAULTS, images: { wasmtime: 'registry.example/canary:1' } },
};
/** As a node pool's template makes them: an initial taint is the pool's promise that nothing runs there yet. */
const tainted = beginnings.map((node) => ({
  ...node,
  startupTaint: [{ index: 0, key: TAINT, effect: 'NoSchedule' }],
}));

function take(world: Simulation, one: Step): void {
  switch (one.kind) {
    case 'want':
      world.want(one.annotation);
      break;
    case 'end':
      world.endJob(one.state);
      break;
    case 'loseJob':
      world.jobs = [];
      break;
    case 'pass':
      world.nowMs += one.ms;
      break;
    case 'reports':
      world.node = { ...world.node, handlers: one.handlers };
      break;
    case 'boot':
      world.node = { ...world.node, bootId: `${world.node.bootId}+` };
      break;
    case 'ask':
      world.node = { ...world.node, retry: true };
      break;
    case 'crash':
      world.settle(one.after);
      return;
  }
  world.settle();
}

describe('the life of a node', () => propertiesOf(policy, beginnings));
describe('the life of a node with a canary pod and a startup taint', () => propertiesOf(careful, tainted));

function propertiesOf(rules: Policy, born: fc.Arbitrary<NodeView>): void {
  function forAll(check: (world: Simulation) => void, each = false): void {
    fc.assert(
      fc.property(born, lives, (node, steps) => {
        const world = new Simulation(rules, node);
        world.settle();
        for (const one of steps) {
          take(world, one);
          if (each) check(world);
        }
        world.settle();
        check(world);
      }),
      { numRuns: 500 },
    );
  }

  it('settles: nothing is left to do, twice over', () => {
    forAll((world) => {
      const actions = decide(world.facts(), rules, world.nowMs).filter(({ kind }) => kind !== 'recheck');
      expect(actions).to.deep.equal([]);
    });
  });

  it('never has two Jobs at work', () => {
    forAll((world) => expect(world.jobs.filter(({ end }) => end === undefined).length).to.be.at.most(1), true);
  });

  it('has a runtime label only with a proof in the record', () => {
    forAll((world) => {
      const memory = recall(world.node.record);
      const proved = memory.kind === 'record' ? memory.record.handlers : [];
      expect(world.node.runtimeLabels).to.deep.equal(proved);
    }, true);
  });

  it('ends clean when it is not wanted and every uninstall does its work', () => {
    forAll((world) => {
      world.want(undefined);
      for (let round = 0; round < 20; round += 1) {
        world.settle();
        world.nowMs += 24 * 3_600_000;
        world.endJob(said('uninstalled'));
      }
      world.settle();
      const memory = recall(world.node.record);
      const person = memory.kind === 'record' && ['Broken', 'NoHandlers'].includes(memory.record.reason);
      const givenUp = memory.kind === 'record' && memory.record.attempts > 1;
      if (person || givenUp) return; // an uninstall that only a person can help
      expect(world.jobs.filter(({ action, end }) => action !== 'uninstall' || end?.kind !== 'complete')).to.deep.equal(
        [],
      );
      const { provisionedLabel, runtimeLabels, record, condition } = world.node;
      expect({ provisionedLabel, runtimeLabels, record, condition }).to.deep.equal({
        provisionedLabel: undefined,
        runtimeLabels: [],
        record: undefined,
        condition: undefined,
      });
    });
  });

  it('is provisioned when it is wanted afresh and every Job does its work', () => {
    forAll((world) => {
      take(world, { kind: 'reports', handlers: [] });
      for (const annotation of [undefined, 'true']) {
        world.want(annotation);
        for (let round = 0; round < 20; round += 1) {
          world.settle();
          world.nowMs += 24 * 3_600_000;
          const job = world.jobs.find(({ end }) => end === undefined);
          world.endJob(job?.action === 'uninstall' ? said('uninstalled') : said('installed', ['wasmtime']));
        }
        world.settle();
      }
      expect(world.node.runtimeLabels).to.deep.equal(['wasmtime']);
      expect(world.node.provisionedLabel).to.equal('n1');
      expect(world.node.condition?.status).to.equal('True');
      expect(world.node.startupTaint).to.deep.equal([]);
    });
  });

  it('takes the startup taint off when the node is ready, or not wanted, and never before', () => {
    forAll((world) => {
      for (const node of world.untainted) {
        const memory = recall(node.record);
        const state = memory.kind === 'record' ? memory.record.state : memory.kind;
        const ready = state === 'installed' && node.runtimeLabels.length > 0 && node.condition?.status === 'True';
        expect(ready || !isWanted(node, rules), `${state}, ${node.condition?.reason}`).to.equal(true);
      }
    }, true);
  });
}
