import type { V1Job, V1Node, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../log.ts';
import type { Settled } from '../decide/action.ts';
import { policy, said } from '../decide/examples.ts';
import type { Policy } from '../decide/policy.ts';
import { type Answer, FakeServer, json, status } from '../kube/fake-server.ts';
import { PodEnds } from '../kube/pod-ends.ts';
import { Reads } from '../kube/reads.ts';
import { Transport } from '../kube/transport.ts';
import { Writes } from '../kube/writes.ts';
import { type ReconcileResult, runController } from './controller.ts';
import { KeyedQueue } from './queue.ts';
import { type ReconcileDeps, reconcile } from './reconcile.ts';
import { World } from './world.ts';

const NODES = 40;
const MAX_PARALLEL = 3;
const WORKERS = 8;
const limited: Policy = { ...policy, rollout: { ...policy.rollout, canary: false, maxUnavailable: MAX_PARALLEL } };

/** Workers, queue, slots, stores and writes together; the server answers as an API server does, the watches are played. */
describe('runController', () => {
  let server: FakeServer;
  let transport: Transport;
  let queue: KeyedQueue;
  let world: World;
  let running: Promise<void>;
  let version: number;
  let refuseJobs: Answer | undefined;
  /** By the watch; else only who asks the API server sees them. */
  let podsSeen: boolean;
  let pods: V1Pod[];
  let unfinished: number;
  let unfinishedMax: number;
  let created: string[];
  let settled: Settled[];
  let results: ReconcileResult[];

  beforeEach(async () => {
    version = 0;
    refuseJobs = undefined;
    podsSeen = true;
    pods = [];
    unfinished = 0;
    unfinishedMax = 0;
    [created, settled, results] = [[], [], []];
    nodes.clear();
    server = new FakeServer();
    server.otherwise = api;
    const credentials = await server.listen();
    const base = { clock: systemClock, random: Math.random };
    transport = new Transport({ ...base, credentials, userAgent: 't', requestMsMax: 2000, onRequest: () => {} });
    queue = new KeyedQueue({ ...base, depthMax: 1000, retryMsMin: 5, retryMsMax: 50 });
  });
  function begin(with_: Policy = limited): void {
    world = new World((key, priority) => queue.add(key, { priority }), with_);
    const deps: Omit<ReconcileDeps, 'log'> = {
      policy: with_,
      world,
      wake: (key, when) => queue.add(key, when),
      urgent: () => queue.urgent,
      clock: systemClock,
      writes: new Writes(transport, 'kwasm-operator'),
      podEnds: new PodEnds(transport),
      reads: new Reads(transport, 'kwasm'),
      namespace: 'kwasm',
      events: { say: async () => {} },
      onSettled: (one) => settled.push(one),
    };
    running = runController({
      queue,
      workers: WORKERS,
      log: silentLogger(),
      clock: systemClock,
      reconcile: async (key, log) => await reconcile(key, { ...deps, log }),
      onResult: (result) => results.push(result),
    });
  }
  afterEach(async () => {
    queue.close();
    await running;
    await transport.close();
    await server.close();
  });

  const nodes = new Map<string, V1Node>();

  const api: Answer = async (response, call) => {
    await systemClock.sleep(Math.random() * 3);
    if (call.method === 'GET') return json({ items: pods })(response, call);
    const sent = JSON.parse(call.body);
    const [, , , kind = '', name = '', sub] = call.url.pathname.split('/');
    if (call.method === 'POST' && call.url.pathname.endsWith('/jobs')) {
      if (refuseJobs !== undefined) return refuseJobs(response, call);
      return json(made(sent as V1Job), 201)(response, call);
    }
    if (call.method === 'PATCH' && kind === 'nodes') return json(patched(name, sub, sent as V1Node))(response, call);
    return json({})(response, call);
  };

  function made(job: V1Job): V1Job {
    version += 1;
    unfinished += 1;
    unfinishedMax = Math.max(unfinishedMax, unfinished);
    const name = job.metadata?.name ?? '';
    created.push(name);
    const whole = { ...job, metadata: { ...job.metadata, uid: `job-${name}`, resourceVersion: String(version) } };
    setTimeout(() => finish(whole), 5 + Math.random() * 10);
    return whole;
  }

  /** What the Job controller and the kubelet would do, seen through the watches. */
  function finish(job: V1Job): void {
    version += 2;
    unfinished -= 1;
    const node = job.metadata?.ownerReferences?.[0]?.name ?? '';
    const state = said('installed', ['wasmtime']);
    const terminated = state.kind === 'ended' ? { exitCode: 0, message: state.text } : undefined;
    const pod: V1Pod = {
      metadata: {
        name: `${job.metadata?.name}-pod`,
        uid: `pod-${node}`,
        resourceVersion: String(version - 1),
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: '', uid: job.metadata?.uid ?? '' }],
      },
      spec: { nodeName: node, containers: [] },
      status: {
        phase: 'Succeeded',
        containerStatuses: [
          {
            name: 'kwasm-provision',
            image: '',
            imageID: '',
            ready: false,
            restartCount: 0,
            state: terminated ? { terminated } : {},
          },
        ],
      },
    };
    if (podsSeen) world.pods.put(pod);
    else pods.push(pod);
    // Of long ago where the watch of pods was cut for long.
    const endMs = Date.now() - (podsSeen ? 0 : 60_000);
    const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: new Date(endMs) }];
    world.jobs.put({ ...job, metadata: { ...job.metadata, resourceVersion: String(version) }, status: { conditions } });
  }

  function patched(name: string, sub: string | undefined, sent: V1Node): V1Node {
    version += 1;
    const old = nodes.get(name) ?? {};
    const ready = old.status?.conditions?.filter(({ type }) => type !== 'KwasmReady') ?? [];
    const next: V1Node =
      sub === 'status'
        ? { ...old, status: { ...old.status, conditions: [...ready, ...(sent.status?.conditions ?? [])] } }
        : { ...old, metadata: { ...old.metadata, ...merged(old, sent) } };
    const whole = { ...next, metadata: { ...next.metadata, resourceVersion: String(version) } };
    nodes.set(name, whole);
    return whole;
  }

  function merged({ metadata: old }: V1Node, { metadata: sent }: V1Node) {
    return {
      labels: { ...old?.labels, ...sent?.labels },
      annotations: { ...old?.annotations, ...sent?.annotations },
    };
  }

  function addNode(name: string): void {
    version += 1;
    const node: V1Node = {
      metadata: {
        name,
        uid: `uid-${name}`,
        resourceVersion: String(version),
        annotations: { 'kwasm.sh/kwasm-node': 'true' },
      },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        nodeInfo: { containerRuntimeVersion: 'containerd://2.1.4', operatingSystem: 'linux' } as never,
      },
    };
    nodes.set(name, node);
    world.nodes.put(node);
  }

  async function until(check: () => boolean): Promise<void> {
    for (const deadline = performance.now() + 8000; !check(); ) {
      if (performance.now() > deadline)
        throw new Error(`still not so: ${settled.length} settled, ${created.length} Jobs`);
      await systemClock.sleep(5);
    }
  }

  const reasonOf = (name: string) =>
    nodes.get(name)?.status?.conditions?.find(({ type }) => type === 'KwasmReady')?.reason;

  it('takes all nodes through, never more than the limit at once, with one Job each', async () => {
    begin();
    const names = Array.from({ length: NODES }, (_, index) => `n${index}`);
    for (const name of names) addNode(name);
    await until(() => names.every((name) => reasonOf(name) === 'Provisioned'));
    expect(unfinishedMax).to.be.within(2, MAX_PARALLEL);
    expect([...new Set(created)]).to.have.length(NODES);
    expect(created).to.have.length(NODES);
    expect(settled).to.have.length(NODES);
    for (const name of names) {
      expect(nodes.get(name)?.metadata?.labels).to.deep.equal({
        'kwasm.sh/kwasm-provisioned': name,
        'runtime.kwasm.sh/wasmtime': 'true',
      });
    }
    const writes = server.calls.filter(({ url }) => !url.pathname.endsWith('/events'));
    expect(server.calls.filter(({ method }) => method === 'GET')).to.deep.equal([]);
    expect(writes.length / NODES, 'Job, condition while waiting, installing, labels, condition').to.be.at.most(5);
  });

  it('goes on with the first before the others have all said that they wait', async () => {
    begin({ ...limited, rollout: { ...limited.rollout, maxUnavailable: 1 } });
    for (let index = 0; index < 400; index += 1) addNode(`n${index}`);
    await until(() => settled.length > 0);
    const waiting = server.calls.filter(({ body }) => body.includes('"Waiting"')).length;
    expect(waiting).to.be.below(200);
    await until(() => [...nodes.keys()].filter((name) => reasonOf(name) === 'Waiting').length > 300);
  });

  const unreachable =
    'Internal error occurred: failed calling webhook "jobs.example.com": failed to call webhook: Post "https://10.0.0.1/": connection refused';
  for (const { name, refusal } of [
    { name: 'a policy', refusal: status(403, 'denied by policy p', {}, 'Forbidden') },
    { name: 'a webhook that is not there', refusal: status(500, unreachable, {}, 'InternalError') },
  ] as const) {
    it(`says on the node that its Job is refused by ${name}, keeps trying, and gets there`, async () => {
      begin();
      refuseJobs = refusal;
      addNode('n0');
      await until(() => reasonOf('n0') === 'JobRefused');
      await until(() => server.calls.filter(({ method }) => method === 'POST').length > 1);
      const reports = server.calls.filter(({ url }) => url.pathname.endsWith('/status')).length;
      expect(reports, 'once, not at every attempt').to.equal(1);
      refuseJobs = undefined;
      await until(() => reasonOf('n0') === 'Provisioned');
    });
  }

  it('waits longer each time for a webhook that refuses in other words each time: what it writes about that is no reason to ask', async () => {
    begin();
    let asked = 0;
    refuseJobs = (response, call) => {
      asked += 1;
      const message = `failed calling webhook "w": read tcp 10.0.0.1:${40_000 + asked}->10.0.0.2:443: connection reset`;
      return status(500, message, {}, 'InternalError')(response, call);
    };
    addNode('n0');
    await until(() => reasonOf('n0') === 'JobRefused');
    await systemClock.sleep(400);
    expect(asked).to.be.within(1, 2);
  });

  it('does not call a Job refused whose name is taken by itself: its first answer was lost', async () => {
    begin();
    refuseJobs = (response, call) => {
      refuseJobs = status(409, 'jobs.batch "n0-provision-kwasm" already exists', {}, 'AlreadyExists');
      made(JSON.parse(call.body) as V1Job); // of which the watch tells a moment later
      response.destroy();
    };
    addNode('n0');
    await until(() => reasonOf('n0') === 'Provisioned');
    const reports = server.calls.filter(({ url }) => url.pathname.endsWith('/status'));
    expect(reports.map(({ body }) => body).filter((body) => body.includes('JobRefused'))).to.deep.equal([]);
  });

  it('asks for one node at a time where a quota has no room, says so on all, and takes them through when it has', async () => {
    begin({ ...policy, rollout: { ...policy.rollout, canary: false, maxUnavailable: '100%', maxParallel: null } });
    refuseJobs = status(403, 'jobs.batch "j" is forbidden: exceeded quota: q, limited: 0', {}, 'Forbidden');
    const asks = () => server.calls.filter(({ method, url }) => method === 'POST' && url.pathname.endsWith('/jobs'));
    const names = Array.from({ length: NODES }, (_, index) => `n${index}`);
    for (const name of names) addNode(name);
    await until(() => names.every((name) => ['JobRefused', 'QuotaExceeded'].includes(reasonOf(name) ?? '')));
    const first = asks().length;
    expect(first, 'at most those that were asked for before the first answer').to.be.at.most(WORKERS);
    expect(names.filter((name) => reasonOf(name) === 'QuotaExceeded').length).to.be.at.least(NODES - first);
    await until(() => asks().length >= first + 2);
    expect(asks().length, 'one at a time').to.equal(first + 2);
    refuseJobs = undefined;
    await until(() => names.every((name) => reasonOf(name) === 'Provisioned'));
    expect(created).to.have.length(NODES);
  });

  it('lets the first one soak, then goes on in waves, and wakes whose turn it is', async () => {
    begin({ ...policy, rollout: { ...policy.rollout, soakSeconds: 1, maxUnavailable: '50%' } });
    const names = Array.from({ length: NODES }, (_, index) => `n${index}`);
    for (const name of names) addNode(name);
    await until(() => settled.length === 1);
    const [first] = created;
    await systemClock.sleep(300);
    expect(created).to.deep.equal([first]);
    await until(() => names.every((name) => reasonOf(name) === 'Provisioned'));
    expect(created).to.have.length(NODES);
    expect(unfinishedMax).to.be.within(2, NODES / 2);
  });

  it('begins nothing while the ConfigMap is there, says so, and goes on when it has gone', async () => {
    begin();
    const pause = { metadata: { name: 'kwasm-pause', uid: 'p', resourceVersion: '1' }, data: { reason: 'freeze' } };
    world.pauses.put(pause);
    for (const name of ['n0', 'n1']) addNode(name);
    await until(() => ['n0', 'n1'].every((name) => reasonOf(name) === 'Paused'));
    expect(created).to.deep.equal([]);
    world.pauses.remove(pause);
    await until(() => ['n0', 'n1'].every((name) => reasonOf(name) === 'Provisioned'));
  });

  it('writes nothing for nodes that a restart finds provisioned', async () => {
    begin();
    for (const name of ['n0', 'n1']) addNode(name);
    await until(() => ['n0', 'n1'].every((name) => reasonOf(name) === 'Provisioned'));
    queue.close();
    await running;
    const before = server.calls.length;
    queue = new KeyedQueue({ clock: systemClock, random: Math.random, depthMax: 99, retryMsMin: 5, retryMsMax: 50 });
    results = [];
    begin();
    for (const node of nodes.values()) world.nodes.put(node);
    await until(() => results.length === 2);
    expect(server.calls.length).to.equal(before);
  });

  it('reads the pods of a Job that has ended where their watch is behind, and makes no second Job', async () => {
    begin();
    podsSeen = false;
    addNode('n0');
    await until(() => reasonOf('n0') === 'Provisioned');
    expect(created).to.have.length(1);
    const reads = server.calls.filter(({ method }) => method === 'GET').map(({ url }) => url);
    expect(reads.map(({ pathname }) => pathname)).to.deep.equal(['/api/v1/namespaces/kwasm/pods']);
    expect(reads[0]?.searchParams.get('labelSelector')).to.equal(
      `batch.kubernetes.io/controller-uid=job-${created[0]}`,
    );
  });

  it('does nothing for a node that has gone', async () => {
    begin();
    queue.add('node/gone');
    await until(() => results.length === 1);
    expect(server.calls).to.deep.equal([]);
    expect(results).to.deep.equal(['success']);
  });
});

describe('the workers', () => {
  it('give pages, watches and timers their turn among thousands of keys that wait for nothing', async () => {
    const count = 200;
    const queue = new KeyedQueue({
      clock: systemClock,
      random: Math.random,
      depthMax: count,
      retryMsMin: 5,
      retryMsMax: 50,
    });
    for (let index = 0; index < count; index += 1) queue.add(`key ${index}`);
    let turns = 0;
    let done = 0;
    let next: NodeJS.Immediate;
    const turn = () => {
      turns += 1;
      next = setImmediate(turn);
    };
    next = setImmediate(turn);
    await runController({
      queue,
      workers: WORKERS,
      log: silentLogger(),
      clock: systemClock,
      reconcile: async () => {
        for (const end = performance.now() + 1; performance.now() < end; );
        return { kind: 'done' };
      },
      onResult: () => {
        done += 1;
        if (done === count) queue.close();
      },
    });
    clearImmediate(next);
    expect(done).to.equal(count);
    expect(turns, 'none without it').to.be.at.least(2);
  });
});
