import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { FuncError } from '../func-error.ts';
import { applyFunction, checkAccepted, checkPlace } from './apply.ts';
import type { FunctionCluster } from './cluster.ts';
import type { FunctionObject } from './deployed-function.ts';
import { findFunction, listFunctions } from './find.ts';
import { type Kind, KNATIVE_SERVICE, WASM_MODULE } from './kinds.ts';
import { removeFunction } from './remove.ts';
import type { FunctionManifest } from './wasm-module.ts';

/** A cluster in memory: objects by path. What a controller would do is the test's, in `onGet`. */
class Memory implements FunctionCluster {
  readonly objects = new Map<string, object>();
  kinds: readonly Kind[] = [WASM_MODULE];
  pods: readonly V1Pod[] = [];
  log = '';
  onGet: (reads: number, path: string) => void = () => {};
  #reads = 0;
  async has(kind: Kind) {
    return this.kinds.includes(kind);
  }
  async get<T>(_what: string, path: string) {
    this.#reads += 1;
    this.onGet(this.#reads, path);
    return this.objects.get(path) as T | undefined;
  }
  async list<T>(_what: string, path: string) {
    if (path.endsWith('/pods')) return this.pods as readonly T[];
    const plural = path.split('/').at(-1) ?? '';
    return [...this.objects].filter(([at]) => at.includes(`/${plural}/`)).map(([, object]) => object as T);
  }
  async apply<T>(_what: string, path: string, manifest: object) {
    const { metadata } = (this.objects.get(path) ?? {}) as FunctionObject;
    const generation = (metadata?.generation ?? 0) + 1;
    const object = { ...manifest, metadata: { ...(manifest as FunctionObject).metadata, generation, uid: 'u1' } };
    this.objects.set(path, object);
    return object as T;
  }
  onCheck: () => void = () => {};
  async check() {
    this.onCheck();
  }
  async remove(_what: string, path: string) {
    this.objects.delete(path);
  }
  async logTail() {
    return this.log;
  }
}

const PATH = '/apis/wasm.serving.knative.dev/v1alpha1/namespaces/shop/wasmmodules/hello';
const OURS = { 'function.knative.dev/deployer': 'wasm' };
const manifest: FunctionManifest = {
  apiVersion: 'wasm.serving.knative.dev/v1alpha1',
  kind: 'WasmModule',
  metadata: { name: 'hello', namespace: 'shop', labels: {}, annotations: OURS },
  spec: { image: 'a@sha256:00' },
};

/** Sleeping is what makes time pass. */
function wait(timeoutMs = 120_000) {
  let nowMs = 0;
  const said: string[] = [];
  const clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
  return { kind: WASM_MODULE, timeoutMs, clock, said, progress: (line: string) => void said.push(line) };
}

function set(cluster: Memory, status: string, reason = '', message = ''): void {
  const object = cluster.objects.get(PATH) as FunctionObject;
  const conditions = [{ type: 'Ready', status, reason, message }];
  const observedGeneration = object.metadata?.generation ?? 0;
  cluster.objects.set(PATH, {
    ...object,
    status: { observedGeneration, conditions, address: { url: 'http://hello.shop.svc' } },
  });
}

async function refused(work: Promise<unknown>): Promise<FuncError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof FuncError) return error;
  throw new Error(`no FuncError: ${String(error)}`);
}

describe('applyFunction', () => {
  it('goes on through a start, says what is new once, and returns the address', async () => {
    const cluster = new Memory();
    cluster.onGet = (reads) => {
      if (reads === 2) set(cluster, 'False', 'ServiceUnavailable', 'Service "hello" wasn\'t found.');
      if (reads === 4) set(cluster, 'Unknown', 'Deploying', '0 of 1');
      if (reads === 6) set(cluster, 'True', 'Serving');
    };
    const waiting = wait();
    expect(await applyFunction(manifest, undefined, waiting, cluster)).to.deep.equal({
      url: 'http://hello.shop.svc',
      created: true,
    });
    expect(waiting.said).to.deep.equal([
      'waiting for a controller to take it up',
      'ServiceUnavailable: Service "hello" wasn\'t found.',
      'Deploying: 0 of 1',
    ]);
  });

  it('ends with any other reason at once, in func’s form, with the last lines of the pod', async () => {
    const cluster = new Memory();
    cluster.pods = [{ metadata: { name: 'hello-1', uid: 'p1' }, status: {} }];
    cluster.log = 'one\nno database\n';
    cluster.onGet = () => set(cluster, 'False', 'RevisionFailed', 'it ended with 3');
    const error = await refused(applyFunction(manifest, undefined, wait(), cluster));
    expect(error.kind).to.equal('notReady');
    expect(error.message).to.equal(
      'reason=RevisionFailed: it ended with 3\nlast lines of pod hello-1:\n  | one\n  | no database',
    );
  });

  it('waits through a pull that fails at first, and says so', async () => {
    const cluster = new Memory();
    const pulls = ['i/o timeout', 'i/o timeout', 'Back-off pulling image "a"'];
    cluster.onGet = (reads) => {
      const message = pulls[Math.floor(reads / 20)];
      if (message === undefined) set(cluster, 'True', 'Serving');
      else set(cluster, 'False', reads < 40 ? 'ErrImagePull' : 'ImagePullBackOff', message);
    };
    const waiting = wait();
    expect(await applyFunction(manifest, undefined, waiting, cluster)).to.have.property('url');
    expect(waiting.said).to.deep.equal([
      'ErrImagePull: i/o timeout; its node tries again',
      'ImagePullBackOff: i/o timeout; its node tries again',
    ]);
  });

  it('ends with a pull that goes on failing, with its cause, also where time runs out first', async () => {
    const cluster = new Memory();
    cluster.pods = [stuck('new', 'ErrImagePull', 'registry.example: connection refused')];
    for (const timeoutMs of [600_000, 20_500]) {
      const waiting = wait(timeoutMs);
      const error = await refused(applyFunction(manifest, undefined, waiting, cluster));
      expect(error.kind).to.equal('pod');
      expect(error.message).to.equal('reason=ErrImagePull: pod hello-new: registry.example: connection refused');
      expect(waiting.clock.monotonicMs()).to.equal(timeoutMs === 600_000 ? 90_000 : 20_500);
    }
  });

  it('ends in time, with the command that shows why', async () => {
    const error = await refused(applyFunction(manifest, undefined, wait(), new Memory()));
    expect(error.kind).to.equal('readiness');
    expect(error.message).to.equal(
      'timed out waiting for WasmModule "hello" to become ready after 2m0s; run: kubectl describe wasmmodule/hello -n shop',
    );
  });

  it('has more time while a node compiles it, and ends all the same', async () => {
    const cluster = new Memory();
    cluster.onGet = (reads) => {
      set(cluster, 'Unknown', reads < 100 ? 'Deploying' : 'Compiling', 'so and so');
    };
    const waiting = { ...wait(), compilingMs: 600_000 };
    const error = await refused(applyFunction(manifest, undefined, waiting, cluster));
    expect(error.message).to.contain('to become ready after 12m0s');
    expect(waiting.said).to.deep.equal(['Deploying: so and so', 'Compiling: so and so']);
    const hasty = wait();
    expect((await refused(applyFunction(manifest, undefined, hasty, cluster))).message).to.contain('after 2m0s');
  });

  it('does not take the pods of the version before for its own', async () => {
    const cluster = new Memory();
    const earlier = await cluster.apply<FunctionObject>('', PATH, manifest);
    cluster.pods = [crashing('old')];
    cluster.onGet = (reads) => {
      if (reads === 3) set(cluster, 'True', 'Serving');
    };
    expect(await applyFunction(manifest, earlier, wait(), cluster)).to.include({ created: false });
    cluster.onGet = () => {
      cluster.pods = [crashing('old'), crashing('new')];
    };
    const again = cluster.objects.get(PATH) as FunctionObject;
    expect((await refused(applyFunction(manifest, again, wait(), cluster))).message).to.match(
      /^reason=CrashLoopBackOff: pod hello-new/,
    );
  });
});

function crashing(uid: string): V1Pod {
  return stuck(uid, 'CrashLoopBackOff');
}

function leaving(pod: V1Pod): V1Pod {
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date(0) } };
}

function stuck(uid: string, reason: string, message = ''): V1Pod {
  const state = { waiting: { reason, message } };
  const container = { name: 'user-container', image: '', imageID: '', ready: false, restartCount: 2, state };
  return { metadata: { name: `hello-${uid}`, uid }, status: { containerStatuses: [container] } };
}

describe('checkPlace', () => {
  it('wants the kind in the cluster, in func’s words', async () => {
    const cluster = new Memory();
    cluster.kinds = [];
    const error = await refused(checkPlace(WASM_MODULE, 'shop', 'hello', cluster));
    expect(error.kind).to.equal('crdMissing');
    expect(error.message).to.match(/^WasmModule CRD not found; install knative-serving-wasm controller/);
    expect((await refused(checkPlace(KNATIVE_SERVICE, 'shop', 'hello', cluster))).message).to.contain(
      '--deployer wasm',
    );
  });

  it('does not take over what nobody deployed as a function', async () => {
    const cluster = new Memory();
    cluster.objects.set(PATH, { metadata: { name: 'hello' } });
    expect((await refused(checkPlace(WASM_MODULE, 'shop', 'hello', cluster))).kind).to.equal('notHandled');
    cluster.objects.set(PATH, { metadata: { name: 'hello', annotations: OURS } });
    expect(await checkPlace(WASM_MODULE, 'shop', 'hello', cluster)).to.have.nested.property('metadata.name', 'hello');
  });
});

describe('checkPlace, of a WasmModule and a Knative Service', () => {
  const SERVICE = '/apis/serving.knative.dev/v1/namespaces/shop/services/hello';

  it('does not make one where the other has the name', async () => {
    const cluster = new Memory();
    cluster.kinds = [WASM_MODULE, KNATIVE_SERVICE];
    cluster.objects.set(SERVICE, { metadata: { annotations: { 'function.knative.dev/deployer': 'knative' } } });
    const function_ = await refused(checkPlace(WASM_MODULE, 'shop', 'hello', cluster));
    expect(function_.message).to.equal(
      'the Knative Service shop/hello is there, and both would serve under one name; ' +
        'deploy with --deployer knative, or before: kwasm func delete hello -n shop',
    );
    cluster.objects.set(SERVICE, { metadata: {} });
    const other = await refused(checkPlace(WASM_MODULE, 'shop', 'hello', cluster));
    expect(other.message).to.match(/give the function another name$/);
    cluster.objects.delete(SERVICE);
    cluster.objects.set(PATH, { metadata: { annotations: OURS } });
    expect((await refused(checkPlace(KNATIVE_SERVICE, 'shop', 'hello', cluster))).message).to.contain(
      'WasmModule shop/hello is there',
    );
  });

  it('does where the Knative Service is what another controller made of the module', async () => {
    const cluster = new Memory();
    cluster.kinds = [WASM_MODULE, KNATIVE_SERVICE];
    cluster.objects.set(PATH, { metadata: { annotations: OURS } });
    const ownerReferences = [{ kind: 'WasmModule', controller: true }];
    cluster.objects.set(SERVICE, { metadata: { annotations: OURS, ownerReferences } });
    expect(await checkPlace(WASM_MODULE, 'shop', 'hello', cluster)).to.have.property('metadata');
  });
});

describe('checkAccepted', () => {
  const denied = (text: string) => () => {
    throw new Error(`cannot deploy: admission webhook denied the request: validation failed: ${text}`);
  };

  it("names the feature that Knative's webhook wants for a RuntimeClass", async () => {
    const cluster = new Memory();
    cluster.onCheck = denied('must not set the field(s): spec.template.spec.runtimeClassName');
    const error = await refused(checkAccepted(KNATIVE_SERVICE, manifest, cluster));
    expect(error.kind).to.equal('knativeFeature');
    expect(error.message)
      .to.contain('kubernetes.podspec-runtimeclassname')
      .and.to.contain('kubectl patch configmap config-features -n knative-serving');
  });

  it('leaves every other refusal as it is', async () => {
    const cluster = new Memory();
    cluster.onCheck = denied('invalid value: -1: spec.template.spec.containerConcurrency');
    const error = await checkAccepted(KNATIVE_SERVICE, manifest, cluster).catch((cause: unknown) => cause);
    expect(String(error)).to.contain('containerConcurrency').and.not.contain('config-features');
  });
});

describe('listFunctions and findFunction', () => {
  it('an empty list where the kind is missing, and it is said', async () => {
    const cluster = new Memory();
    cluster.kinds = [];
    expect(await listFunctions(undefined, cluster)).to.deep.equal({ functions: [], noModules: true });
  });

  it('lists modules without the annotation, too, and finds only those with it', async () => {
    const cluster = new Memory();
    cluster.objects.set(PATH, {
      metadata: { name: 'hello', namespace: 'shop' },
      spec: { image: `oci://a@sha256:${'0'.repeat(64)}` },
    });
    const { functions } = await listFunctions('shop', cluster);
    expect(functions[0]).to.include({
      name: 'hello',
      deployer: '',
      digest: `sha256:${'0'.repeat(64)}`,
      ready: 'Unknown',
    });
    expect((await refused(findFunction('shop', 'hello', cluster))).kind).to.equal('notHandled');
    expect((await refused(findFunction('shop', 'other', cluster))).kind).to.equal('notFound');
  });
});

describe('removeFunction', () => {
  it('says what was its own, and nothing of another’s', async () => {
    const cluster = new Memory();
    await cluster.apply('', PATH, manifest);
    const owned = { metadata: { ownerReferences: [{ uid: 'u1' }] } };
    cluster.objects.set('/apis/apps/v1/namespaces/shop/deployments/hello', owned);
    cluster.objects.set('/api/v1/namespaces/shop/services/hello', { metadata: {} });
    const gone = await removeFunction({ namespace: 'shop', name: 'hello', ...wait() }, cluster);
    expect(gone).to.deep.equal(['WasmModule hello', 'Deployment hello']);
    expect(cluster.objects.has(PATH)).to.equal(false);
  });

  it('does not wait for ever', async () => {
    const cluster = new Memory();
    await cluster.apply('', PATH, manifest);
    cluster.remove = async () => {};
    const error = await refused(removeFunction({ namespace: 'shop', name: 'hello', ...wait(60_000) }, cluster));
    expect(error.message).to.contain("still there after 1m0s, waiting for the cluster's garbage collector; run: ");
  });

  it('says what it waits for, once each, and when time is over what is left', async () => {
    const cluster = new Memory();
    await cluster.apply('', PATH, manifest);
    cluster.remove = async () => {};
    cluster.pods = ['a', 'b', 'c', 'd', 'e'].map((uid) => stuck(uid, ''));
    cluster.onGet = (reads) => {
      if (reads < 40) return;
      const [pod] = cluster.pods;
      cluster.pods = pod === undefined ? [] : [leaving(pod)];
    };
    const waiting = wait(30_000);
    const error = await refused(removeFunction({ namespace: 'shop', name: 'hello', ...waiting }, cluster));
    expect(waiting.said).to.deep.equal([
      'waiting for pods hello-a (not told to end yet), hello-b (not told to end yet), hello-c (not told to end yet) and 2 more',
      'waiting for pod hello-a (ending)',
    ]);
    expect(error.message).to.contain('still there after 30s, waiting for pod hello-a (ending); run: ');
    expect(waiting.clock.monotonicMs()).to.equal(30_000);
  });
});
