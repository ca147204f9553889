import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreV1Event, V1Job, V1Node, V1Pod, V1RuntimeClass } from '@kubernetes/client-node';
import { expect } from 'chai';
import { Cutter } from '../../scripts/bench/cutter.ts';
import { nodeObject } from '../../scripts/bench/node-object.ts';
import { annotate, annotateAll, names } from '../../scripts/bench/population.ts';
import { kubernetes, oldestApiServer } from '../../scripts/cluster/go-tools.ts';
import { progressTo } from '../../scripts/cluster/progress.ts';
import { inParallel } from '../../scripts/plane/api.ts';
import { Plane } from '../../scripts/plane/plane.ts';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { policy } from '../../src/operator/decide/examples.ts';
import {
  projectClass,
  projectJob,
  projectNode,
  projectPod,
  projectRefusal,
} from '../../src/operator/decide/project.ts';
import type { Credentials } from '../../src/operator/kube/credentials.ts';
import { Transport } from '../../src/operator/kube/transport.ts';
import { WATCH_LIMITS } from '../../src/operator/kube/watch-options.ts';
import { World } from '../../src/operator/loop/world.ts';
import { makeWatches } from '../../src/operator/watches.ts';
import { eventually } from '../harness/eventually.ts';

const NAMESPACE = 'kwasm';
const AGENT = 'kwasm-story';
/** A bookmark comes each minute. */
const SILENCE_MS_MAX = 75_000;
/** More than one page. */
const NODES = 620;

const servers = [
  { name: 'as it is', flags: [], apiServer: kubernetes, lists: 0 },
  {
    name: 'with the WatchList feature off',
    flags: ['--feature-gates=WatchList=false'],
    apiServer: kubernetes,
    lists: 7,
  },
  { name: `of Kubernetes ${oldestApiServer.version}`, flags: [], apiServer: oldestApiServer, lists: 7 },
];

/** The operator's own watches against a real API server: what they know is what a GET in JSON says. */
for (const [index, { name, flags, apiServer, lists }] of servers.entries()) {
  describe(`the watches, on an API server ${name}`, function () {
    this.timeout(900_000); // the first run builds what is missing
    let plane: Plane;
    let cutter: Cutter;
    let transport: Transport;
    let world: World;
    const stop = new AbortController();
    let watching: Promise<unknown> = Promise.resolve();
    const restarts: string[] = [];

    before(async () => {
      const address = `127.88.1.${index + 1}`;
      const progress = progressTo((line) => console.error(line));
      const options = { name: `watch-${index}`, address, fsync: false, apiServer, apiServerFlags: flags, progress };
      plane = await Plane.open({ ...options, signal: stop.signal });
      await populate(plane);
      cutter = await Cutter.listen(plane.server, 7443);
      transport = new Transport({
        credentials: adminThrough(plane, 7443),
        clock: systemClock,
        random: Math.random,
        userAgent: AGENT,
        requestMsMax: 8_000,
        onRequest: () => {},
      });
      world = new World(() => {}, policy);
      const base = {
        transport,
        clock: systemClock,
        random: Math.random,
        log: silentLogger(),
        limits: { ...WATCH_LIMITS, silenceMsMax: SILENCE_MS_MAX },
        watchList: true,
        onRestart: (resource: string, cause: string) => restarts.push(`${resource} ${cause}`),
      };
      const watches = makeWatches(world, NAMESPACE, base, () => {}).all;
      watching = Promise.all(watches.map((watch) => watch.run(stop.signal)));
      await Promise.all(watches.map((watch) => watch.whenSynced()));
    });

    after(async () => {
      stop.abort();
      await watching;
      await transport?.close();
      await cutter?.close();
      await plane?.close();
    });

    it('know every object, as JSON would have told it', async () => {
      const kinds = [
        { path: '/api/v1/nodes', project: projectNode as (raw: V1Node) => unknown, store: world.nodes },
        {
          path: '/apis/batch/v1/namespaces/kwasm/jobs',
          project: projectJob as (raw: V1Job) => unknown,
          store: world.jobs,
        },
        { path: '/api/v1/namespaces/kwasm/pods', project: projectPod as (raw: V1Pod) => unknown, store: world.pods },
        {
          path: '/api/v1/namespaces/kwasm/events',
          project: projectRefusal as (raw: CoreV1Event) => unknown,
          store: world.refusals,
        },
        {
          path: '/apis/node.k8s.io/v1/runtimeclasses',
          project: projectClass as (raw: V1RuntimeClass) => unknown,
          store: world.classes,
        },
      ];
      for (const { path, project, store } of kinds) {
        const { items } = await plane.api.get<{ items: never[] }>(path);
        expect(items, path).to.have.length.greaterThan(0);
        const wanted = items.map((item) => plain(project(item)));
        expect([...store.all()].map(plain).sort(byName), path).to.deep.equal(wanted.sort(byName));
      }
      expect(world.nodes.size).to.equal(NODES);
    });

    it('follow a change', async () => {
      const node = names(1)[0] ?? '';
      await annotate(plane.api, node);
      await eventually('the annotation', 5_000, async () => world.nodes.get(node)?.trigger.annotation);
    });

    it('go on where they were after a cut, without a list', async () => {
      const before = requests(plane).filter(isList).length;
      const missed = names(3)[1] ?? '';
      await systemClock.sleep(1_500); // let each be connected for a while
      expect(cutter.cut(), 'one connection for each watch').to.be.at.least(6);
      await annotate(plane.api, missed);
      await plane.api.change({ method: 'DELETE', path: `/api/v1/nodes/${names(3)[2]}` });
      await eventually('what happened meanwhile', 5_000, async () => world.nodes.get(missed)?.trigger.annotation);
      await eventually('the deletion', 5_000, async () => (world.nodes.size === NODES - 1 ? true : undefined));
      expect(requests(plane).filter(isList).length).to.equal(before);
      expect(restarts).to.include('nodes error');
    });

    it(lists === 0 ? 'asked for no list but in the watch' : 'paged what the server does not stream', () => {
      const asked = requests(plane);
      expect(asked.filter(({ verb }) => verb === 'list').length).to.equal(lists);
      const refused = asked.filter(({ uri, code }) => uri.includes('sendInitialEvents') && code >= 400);
      // 404: Shims, of which this API server knows no kind; they are asked for again, and refused nothing.
      const [absent, unknown] = [
        refused.filter(({ code }) => code === 404),
        refused.filter(({ code }) => code !== 404),
      ];
      expect(unknown.length, 'asked once for each resource').to.equal(lists === 0 ? 0 : 6);
      const kinds = new Set(absent.map(({ uri }) => new URL(uri, 'https://server').pathname));
      expect([...kinds].sort(), 'nothing else is absent').to.deep.equal([
        '/apis/kwasm.sh/v1alpha1/shims',
        '/apis/runtime.spinkube.dev/v1alpha1/shims',
      ]);
    });

    it('know what is there when etcd was put back to an earlier time', async () => {
      const undone = names(FAR_AHEAD + 3).slice(3);
      await plane.save('earlier');
      await annotateAll(plane.api, undone);
      const last = undone.at(-1) ?? '';
      await eventually('what is about to be undone', 30_000, async () => world.nodes.get(last)?.trigger.annotation);
      await plane.restore('earlier');
      await annotate(plane.api, names(FAR_AHEAD + 9).at(-1) ?? '');
      const triggers = async () => {
        const { items } = await plane.api.get<{ items: V1Node[] }>('/api/v1/nodes');
        return items.map((item) => plain(projectNode(item)));
      };
      await eventually('the nodes as they are', 2 * SILENCE_MS_MAX, async (seen) => {
        const [known, wanted] = [[...world.nodes.all()].map(plain).sort(byName), (await triggers()).sort(byName)];
        const other = wanted.findIndex((node, at) => JSON.stringify(node) !== JSON.stringify(known[at]));
        seen(
          `${known.length} of ${wanted.length} known, first other: ${JSON.stringify(wanted[other])}; ${restarts.slice(-12)}`,
        );
        return other === -1 && known.length === wanted.length ? true : undefined;
      });
      expect(restarts.slice(-20)).to.include('nodes silence');
    });
  });
}

/** So many versions later the server would be where the watches are. */
const FAR_AHEAD = 300;

interface Asked {
  readonly verb: string;
  readonly uri: string;
  readonly code: number;
}

function requests({ auditLog }: Plane): readonly Asked[] {
  const events = readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(AGENT));
  return events.flatMap((line) => {
    const { verb, stage, requestURI, responseStatus } = JSON.parse(line);
    const code = responseStatus?.code ?? 0;
    // A watch is logged twice, when it begins and when it ends; one that is refused, too.
    if (verb === 'watch' && stage !== (code < 400 ? 'ResponseStarted' : 'ResponseComplete')) return [];
    return [{ verb, uri: requestURI, code }];
  });
}

function isList({ verb, uri }: Asked): boolean {
  return verb === 'list' || uri.includes('sendInitialEvents');
}

function adminThrough(plane: Plane, port: number): Credentials {
  const pki = join(plane.dir, 'pki');
  const tls = {
    ca: readFileSync(plane.authority, 'utf8'),
    cert: readFileSync(join(pki, 'admin.crt'), 'utf8'),
    key: readFileSync(join(pki, 'admin.key'), 'utf8'),
  };
  const server = new URL(plane.server);
  server.port = String(port);
  return { server, headers: async () => ({}), tls: async () => tls, forget: () => {} };
}

/** One of each kind, with all that is read of it; and nodes for more than one page. */
async function populate({ api }: Plane): Promise<void> {
  const post = (path: string, body: object) => api.change({ method: 'POST', path, body });
  const since = '2026-11-01T10:00:00Z';
  await post('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await post(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } });
  const indexes = Array.from({ length: NODES }, (_, at) => at);
  await inParallel(indexes, 16, async (at) => await post('/api/v1/nodes', nodeObject(at, since)));
  await api.change({
    method: 'PATCH',
    path: `/api/v1/nodes/${names(6)[5]}`,
    contentType: 'application/merge-patch+json',
    body: {
      metadata: {
        labels: {
          'runtime.kwasm.sh/wasmtime': 'true',
          'node-role.kubernetes.io/control-plane': '',
          'kwasm.sh/kwasm-node': 'true',
        },
        annotations: { 'kwasm.sh/record': JSON.stringify({ text: 'Ünïcode' }) },
      },
      spec: { unschedulable: true, taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] },
    },
  });
  await api.change({
    method: 'PATCH',
    path: `/api/v1/nodes/${names(6)[5]}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: {
      status: {
        conditions: [
          {
            type: 'KwasmReady',
            status: 'False',
            reason: 'Waiting',
            message: 'wäits',
            lastTransitionTime: since,
            lastHeartbeatTime: since,
          },
        ],
      },
    },
  });
  const containers = [{ name: 'kwasm-provision', image: 'i', env: [{ name: 'KWASM_MACHINE_ID', value: 'm' }] }];
  const labels = { 'kwasm.sh/job': 'true', 'kwasm.sh/action': 'install' };
  const pod = {
    nodeName: names(1)[0],
    restartPolicy: 'Never',
    containers,
    initContainers: [{ name: 'kwasm-arm', image: 'j' }],
  };
  const owner = { apiVersion: 'v1', kind: 'Node', name: names(1)[0], uid: 'u1', controller: true };
  await post(`/apis/batch/v1/namespaces/${NAMESPACE}/jobs`, {
    metadata: { name: 'j', labels, annotations: { 'kwasm.sh/desired': 'd' }, ownerReferences: [owner] },
    spec: { template: { spec: pod } },
  });
  await post(`/api/v1/namespaces/${NAMESPACE}/pods`, {
    metadata: { name: 'p', labels, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u2' }] },
    spec: pod,
  });
  const status = (name: string, state: object) => ({
    name,
    image: 'i',
    imageID: '',
    ready: false,
    restartCount: 0,
    state,
  });
  await api.change({
    method: 'PATCH',
    path: `/api/v1/namespaces/${NAMESPACE}/pods/p/status`,
    contentType: 'application/merge-patch+json',
    body: {
      status: {
        phase: 'Failed',
        reason: 'Evicted',
        message: 'low on memory',
        initContainerStatuses: [
          status('kwasm-arm', { terminated: { exitCode: 11, reason: 'Error', message: '{"kind":"ß"}' } }),
        ],
        containerStatuses: [
          status('kwasm-provision', { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }),
        ],
      },
    },
  });
  await post(`/api/v1/namespaces/${NAMESPACE}/events`, {
    metadata: { name: 'e' },
    involvedObject: { kind: 'Job', name: 'j', namespace: NAMESPACE, uid: 'u2' },
    reason: 'FailedCreate',
    message: 'pods "j" is forbidden',
    type: 'Warning',
    lastTimestamp: since,
  });
  await post('/apis/node.k8s.io/v1/runtimeclasses', {
    metadata: { name: 'wasmtime', labels: { 'app.kubernetes.io/managed-by': 'kwasm-operator' } },
    handler: 'wasmtime',
    scheduling: { nodeSelector: { 'runtime.kwasm.sh/wasmtime': 'true' } },
  });
}

function plain(view: unknown): { readonly name: string } {
  return JSON.parse(JSON.stringify(view));
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
