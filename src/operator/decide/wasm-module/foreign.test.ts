import { expect } from 'chai';
import fc from 'fast-check';
import { decideModule } from './decide.ts';
import { projectModule, type WasmModule } from './parse.ts';

const FIELDS = [
  'image',
  'args',
  'env',
  'volumes',
  'volumeMounts',
  'resources',
  'network',
  'source',
  'limits',
  'requests',
  'memory',
  'name',
  'value',
  'tcp',
  'udp',
  'connect',
  'bind',
  'outgoing',
  'inherit',
  'conditions',
  'type',
  'status',
  'address',
  'url',
  'observedGeneration',
  'lastTransitionTime',
] as const;

/** What a CRD of somebody else's may let in: the names that are known, and anything at all behind them. */
const anything = fc
  .letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 0, '', 'a', 'Ready', '512Mi', '*:443', 'registry.example.com/a:1'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...FIELDS), tie('value'), { maxKeys: 6 }),
    ),
  }))
  .value.map((value) => JSON.parse(JSON.stringify(value)));

const policy = {
  runtimeClass: 'wasmtime',
  clusterDomain: 'cluster.local',
  runner: { image: 'r', insecureRegistries: [] },
};

describe('a WasmModule that another CRD let in', () => {
  it('is read, whatever it says, and decided on: one must not keep the others from being served', () => {
    fc.assert(
      fc.property(anything, anything, (spec, status) => {
        const object = { metadata: { name: 'm', namespace: 'n', uid: 'u', generation: 1 }, spec, status };
        const module = projectModule(object as unknown as WasmModule);
        expect(module).to.include({ name: 'm', namespace: 'n' });
        decideModule({ module, workload: undefined, trouble: undefined, knative: 'none' }, policy);
      }),
      { numRuns: 2_000 },
    );
  });
});
