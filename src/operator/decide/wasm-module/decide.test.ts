import { expect } from 'chai';
import { decideModule, type ModuleFacts } from './decide.ts';
import { objectsOf } from './objects.ts';
import { ANNOTATIONS, projectModule, type WasmModule } from './parse.ts';
import type { ModuleSpec, ModuleView, WorkloadView } from './view.ts';

/** As the kubelet tells what the shim answers. */
const COMPILING =
  'failed to create containerd task: failed to create shim task: WebAssembly is still being compiled on this node after 90 s; a later start finds it done: unavailable';

const policy = { runtimeClass: 'wasmtime', clusterDomain: 'cluster.local' };

function object(
  spec: Readonly<Record<string, unknown>> = {},
  annotations: Readonly<Record<string, string>> = {},
): WasmModule {
  return {
    metadata: { name: 'hello', namespace: 'shop', uid: 'u1', generation: 3, annotations },
    spec: { image: 'oci://registry.example/hello:1', ...spec },
  };
}

function specOf(module: ModuleView): ModuleSpec {
  if (module.spec.kind === 'invalid') throw new Error(module.spec.problems.join());
  return module.spec.spec;
}

function facts(given: WasmModule, more: Partial<ModuleFacts> = {}): ModuleFacts {
  return { module: projectModule(given), workload: undefined, trouble: undefined, knative: 'none', ...more };
}

/** The Deployment as it is when all went well. */
function workload(given: WasmModule, more: Partial<WorkloadView> = {}): WorkloadView {
  const module = projectModule(given);
  const { made } = objectsOf(module, specOf(module), policy);
  const base = { name: 'hello', namespace: 'shop', owner: 'u1', made, observed: true, stuck: undefined };
  return { ...base, wanted: 1, available: 1, updated: 1, total: 1, template: undefined, ...more };
}

function ready(actions: ReturnType<typeof decideModule>): string {
  const found = actions.find((action) => action.kind === 'status');
  return found === undefined ? 'unchanged' : `${found.ready.status} ${found.ready.reason}`;
}

describe('decideModule', () => {
  it('makes what a module asks for, and says so', () => {
    const actions = decideModule(facts(object()), policy);
    expect(actions.map(({ kind }) => kind)).to.deep.equal(['apply', 'status']);
    expect(ready(actions)).to.equal('Unknown Deploying');
  });

  it('tells the address once it serves, and then does nothing', () => {
    const given = object();
    const actions = decideModule(facts(given, { workload: workload(given) }), policy);
    expect(actions).to.deep.equal([
      {
        kind: 'status',
        ready: { status: 'True', reason: 'Serving', message: '' },
        url: 'http://hello.shop.svc.cluster.local',
        observedGeneration: 3,
      },
    ]);
    const told: WasmModule = {
      ...given,
      status: {
        observedGeneration: 3,
        conditions: [{ type: 'Ready', status: 'True', reason: 'Serving', message: '' }],
        address: { url: 'http://hello.shop.svc.cluster.local' },
      },
    };
    expect(decideModule(facts(told, { workload: workload(told) }), policy)).to.deep.equal([]);
  });

  const troubles = [
    ['ImagePullBackOff', 'Back-off pulling image', 0, 'False ImagePullBackOff'],
    [
      'ErrImagePull',
      'failed to pull: unknown image config media type application/vnd.wasm.config.v0+json',
      0,
      'False PureArtifact',
    ],
    ['CreateContainerError', 'no runtime for "wasmtime" is configured', 0, 'False HandlerMissing'],
    ['CrashLoopBackOff', 'back-off 10s', 2, 'False CrashLoopBackOff'],
    ['Error', 'exit code 1', 1, 'False Error'],
    ['ContainerCreating', '', 0, 'Unknown Deploying'],
    ['RunContainerError', COMPILING, 1, 'Unknown Compiling'],
    ['CrashLoopBackOff', `back-off 10s; it ended with 128: ${COMPILING}`, 3, 'Unknown Compiling'],
    ['', `it ended with 128: ${COMPILING}`, 2, 'Unknown Compiling'],
    ['RunContainerError', 'context deadline exceeded', 1, 'Unknown Deploying'],
    ['CrashLoopBackOff', 'back-off 20s; it ended with 128: create task: context canceled', 2, 'Unknown Deploying'],
    ['ErrImagePull', 'failed to do request: context deadline exceeded', 0, 'False ErrImagePull'],
  ] as const;
  for (const [reason, message, restarts, expected] of troubles) {
    it('makes again what somebody deletes of it: its Deployment alone says nothing of the rest', () => {
      const given = object();
      const made = { module: projectModule(given), workload: workload(given) };
      const all = new Set(['Service', 'NetworkPolicy'] as const);
      const kinds = (there: ReadonlySet<'Service' | 'NetworkPolicy' | 'Ingress' | 'HorizontalPodAutoscaler'>) =>
        decideModule(facts(given, { ...made, there }), policy).map(({ kind }) => kind);
      expect(kinds(all)).not.to.include('apply');
      expect(kinds(new Set(['NetworkPolicy'] as const))).to.include('apply');
      expect(kinds(new Set(['Service'] as const))).to.include('apply');
    });

    it(`${reason} (${message.slice(0, 30)}): ${expected}`, () => {
      const given = object();
      const waiting = workload(given, { available: 0 });
      expect(
        ready(decideModule(facts(given, { workload: waiting, trouble: { reason, message, restarts } }), policy)),
      ).to.equal(expected);
    });
  }

  it('says of a compilation how long it takes, and not for ever', () => {
    const given = object();
    const waiting = workload(given, { available: 0 });
    const trouble = { reason: 'RunContainerError', message: COMPILING, restarts: 1 };
    const said = (more: Partial<WorkloadView>) => {
      const [action] = decideModule(facts(given, { workload: { ...waiting, ...more }, trouble }), policy);
      return action?.kind === 'status' ? action.ready : undefined;
    };
    const message = 'WebAssembly is still being compiled on this node after 90 s; a later start finds it done';
    expect(said({})).to.deep.equal({ status: 'Unknown', reason: 'Compiling', message });
    const stuck = { reason: 'ProgressDeadlineExceeded', message: 'has timed out progressing' };
    expect(said({ stuck })).to.deep.equal({ status: 'False', reason: 'ProgressDeadlineExceeded', message });
  });

  it('names the command that repacks a pure artifact', () => {
    const given = object();
    const trouble = { reason: 'ErrImagePull', message: 'unknown image config media type', restarts: 0 };
    const [action] = decideModule(facts(given, { workload: workload(given, { available: 0 }), trouble }), policy);
    expect(action).to.have.nested.property('ready.message').that.contains('kwasm wasm repack');
  });

  it('leaves the one before serving while a new one does not start', () => {
    const given = object();
    const half = workload(given, { wanted: 1, available: 1, updated: 0 });
    expect(ready(decideModule(facts(given, { workload: half }), policy))).to.equal('Unknown Deploying');
  });

  it('does not take the old pod that answers for the new one that does not', () => {
    const given = object();
    const both = workload(given, { available: 1, updated: 1, total: 2 });
    expect(ready(decideModule(facts(given, { workload: both }), policy))).to.equal('Unknown Deploying');
    const trouble = { reason: 'CrashLoopBackOff', message: 'it ended with 1', restarts: 2 };
    expect(ready(decideModule(facts(given, { workload: both, trouble }), policy))).to.equal('False CrashLoopBackOff');
  });

  it('goes on serving while more pods of the same version are made', () => {
    const given = object();
    const growing = workload(given, { wanted: 3, available: 1, updated: 1, total: 1 });
    expect(ready(decideModule(facts(given, { workload: growing }), policy))).to.equal('True Serving');
  });

  it('goes on serving when an autoscaler has just written another number of pods', () => {
    const given: WasmModule = {
      ...object(),
      status: {
        observedGeneration: 3,
        conditions: [{ type: 'Ready', status: 'True', reason: 'Serving', message: '' }],
        address: { url: 'http://hello.shop.svc.cluster.local' },
      },
    };
    const scaled = { wanted: 2, observed: false };
    expect(decideModule(facts(given, { workload: workload(given, scaled) }), policy)).to.deep.equal([]);
    // Not so where the pods are of the version before, or nothing served.
    const changed = { ...given, metadata: { ...given.metadata, generation: 4 } };
    expect(ready(decideModule(facts(changed, { workload: workload(changed, scaled) }), policy))).to.equal(
      'Unknown Deploying',
    );
    const other = workload(object({ args: ['x'] }), scaled);
    expect(ready(decideModule(facts(given, { workload: other }), policy))).to.equal('Unknown Deploying');
    expect(ready(decideModule(facts(object(), { workload: workload(object(), scaled) }), policy))).to.equal(
      'Unknown Deploying',
    );
  });

  it("does not touch somebody else's Deployment", () => {
    const given = object();
    const actions = decideModule(facts(given, { workload: workload(given, { owner: undefined }) }), policy);
    expect(actions.map(({ kind }) => kind)).to.deep.equal(['status']);
    expect(ready(actions)).to.equal('False NameTaken');
  });

  const told = (reason: string): WasmModule => ({
    ...object(),
    status: { observedGeneration: 3, conditions: [{ type: 'Ready', status: 'False', reason, message: 'm' }] },
  });

  it('leaves a module to the controller whose Knative Service it has, takes away what was made here, and says so', () => {
    for (const given of [object(), told('Serving'), told('Deploying'), told('Compiling'), told('HandlerMissing')]) {
      const actions = decideModule(facts(given, { knative: 'own' }), policy);
      expect(actions.map(({ kind }) => kind)).to.deep.equal(['withdraw', 'status']);
      expect(actions[1]).to.deep.include({ url: undefined });
      expect(ready(actions)).to.equal('Unknown LeftToKnative');
      expect(JSON.stringify(actions[1])).to.contain('kubectl delete services.serving.knative.dev hello -n shop');
    }
  });

  it('does not write over what the other controller has written, or what was said once', () => {
    for (const reason of ['', 'ServiceUnavailable', 'RevisionFailed', 'ImagePullBackOff', 'LeftToKnative']) {
      expect(decideModule(facts(told(reason), { knative: 'own' }), policy), reason).to.deep.equal([]);
    }
  });

  it('takes its own Deployment away whatever is said, and no one else’s', () => {
    const given = told('ImagePullBackOff');
    const own = decideModule(facts(given, { knative: 'own', workload: workload(given) }), policy);
    expect(own.map(({ kind }) => kind)).to.deep.equal(['withdraw', 'status']);
    const others = workload(given, { owner: 'another' });
    expect(decideModule(facts(given, { knative: 'own', workload: others }), policy)).to.deep.equal([]);
  });

  it("makes nothing beside somebody else's Knative Service, and goes on where it was first", () => {
    const given = object();
    const second = decideModule(facts(given, { knative: 'other' }), policy);
    expect(second.map(({ kind }) => kind)).to.deep.equal(['status']);
    expect(ready(second)).to.equal('False NameTaken');
    expect(ready(decideModule(facts(given, { knative: 'other', workload: workload(given) }), policy))).to.equal(
      'True Serving',
    );
  });

  it('has nothing to do with what is being deleted', () => {
    const leaving = object();
    const deleted = { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(decideModule(facts(deleted), policy)).to.deep.equal([]);
  });

  it('is made anew when anything that ends up in a pod changes, and not for its status', () => {
    const before = workload(object());
    expect(decideModule(facts(object({ args: ['x'] }), { workload: before }), policy)[0]?.kind).to.equal('apply');
    const other = { ...object(), status: { observedGeneration: 1 } };
    expect(decideModule(facts(other, { workload: before }), policy).map(({ kind }) => kind)).to.deep.equal(['status']);
  });
});

describe('projectModule', () => {
  const wrong: readonly (readonly [string, WasmModule, RegExp])[] = [
    ['no image', object({ image: undefined }), /spec\.image is missing/],
    [
      'the early draft',
      object({ source: { image: 'a' }, image: undefined }),
      /spec\.source is of an early draft.*spec\.image/,
    ],
    [
      'a mount of no volume',
      object({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      /undefined volume reference v/,
    ],
    ['a pattern without a port', object({ network: { tcp: { connect: ['db'] } } }), /spec\.network: db is no pattern/],
    ['a port that is none', object({ network: { udp: { bind: ['*:70000'] } } }), /\*:70000 is no pattern/],
    [
      'a quantity that is none',
      object({ resources: { limits: { memory: '1 GB' } } }),
      /limits\.memory: 1 GB is no quantity/,
    ],
    ['a variable of ours', object({ env: [{ name: 'WASI_CONFIG', value: '{}' }] }), /WASI_CONFIG is made of/],
    [
      'more at least than at most',
      object({}, { [ANNOTATIONS.minReplicas]: '3', [ANNOTATIONS.maxReplicas]: '2' }),
      /max-replicas is 2/,
    ],
    ['a number that is none', object({}, { [ANNOTATIONS.maxReplicas]: 'many' }), /max-replicas is many/],
  ];
  for (const [name, given, text] of wrong) {
    it(`says what is wrong: ${name}`, () => {
      const { spec } = projectModule(given);
      expect(spec.kind === 'invalid' ? spec.problems.join('; ') : '').to.match(text);
      expect(ready(decideModule(facts(given), policy))).to.equal('False InvalidSpec');
    });
  }

  it('says all that is wrong at once', () => {
    const { spec } = projectModule(object({ image: undefined, volumeMounts: [{ name: 'v', mountPath: '/v' }] }));
    expect(spec.kind === 'invalid' ? spec.problems : []).to.have.length(2);
  });
});
