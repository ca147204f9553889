import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { systemClock } from '../clock.ts';
import { jsonLogger, silentLogger } from '../log.ts';
import type { Config } from './config.ts';
import { policy } from './decide/examples.ts';
import { type Answer, FakeServer, json, lines, status } from './kube/fake-server.ts';
import { runOperator } from './operator.ts';

/** Start to stop against a server with one wanted node; what a Job comes to is the controller's test. */
describe('runOperator', () => {
  let server: FakeServer;
  let down: boolean;
  let port: number;
  let debugPort: number;
  beforeEach(async () => {
    [port, debugPort] = [await freePort(), await freePort()];
    server = new FakeServer();
    down = false;
  });
  afterEach(async () => await server.close());

  const listEnd = {
    type: 'BOOKMARK',
    object: { metadata: { resourceVersion: '5', annotations: { 'k8s.io/initial-events-end': 'true' } } },
  };
  const node = {
    metadata: { name: 'n1', uid: 'u1', resourceVersion: '3', annotations: { 'kwasm.sh/kwasm-node': 'true' } },
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { containerRuntimeVersion: 'containerd://2.1.4' },
    },
  };

  const api: Answer = (response, call) => {
    if (down) return status(503, 'down')(response, call);
    if (call.url.searchParams.has('watch')) {
      const first = call.url.pathname === '/api/v1/nodes' ? [{ type: 'ADDED', object: node }, listEnd] : [listEnd];
      return lines(first)(response, call);
    }
    const sent = JSON.parse(call.body);
    const metadata = { ...sent.metadata, uid: sent.metadata?.uid ?? 'made', resourceVersion: '9' };
    return json({
      ...(call.url.pathname.includes('/nodes/') ? node : sent),
      metadata: { ...node.metadata, ...metadata },
    })(response, call);
  };

  const ready = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    return answer && { status: answer.status, text: await answer.text() };
  };

  async function until<T>(ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
    for (const deadline = performance.now() + 5000; ; ) {
      const found = await ask();
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error('still not so');
      await systemClock.sleep(10);
    }
  }

  const config = (): Config => ({
    policy,
    modules: undefined,
    metricsAddress: undefined,
    healthAddress: { host: '127.0.0.1', port },
    debugAddress: { host: '127.0.0.1', port: debugPort },
    logLevel: 'info',
    leaderElect: false,
    watchList: true,
    connection: { kind: 'kubeconfig', file: undefined },
    version: 'test',
    warnings: [],
  });

  it('is not ready before it has seen everything, makes the Job, and leaves nothing behind when told to stop', async () => {
    down = true;
    server.otherwise = api;
    const written: string[] = [];
    const logged = new Writable({
      write: (chunk, _, done) => {
        written.push(String(chunk));
        done();
      },
    });
    const stop = new AbortController();
    const deps = {
      credentials: await server.listen(),
      clock: systemClock,
      random: () => 0,
      log: jsonLogger('info', logged),
    };
    const timersBefore = timers(); // mocha's own
    const running = runOperator(config(), deps, stop.signal);
    const early = await until(ready);
    expect(early.status).to.equal(503);
    expect(early.text).to.contain('nodes: not synced yet');
    down = false;
    await until(async () => ((await ready())?.status === 200 ? true : undefined));
    const post = await until(() => server.calls.find(({ method }) => method === 'POST'));
    expect(post.url.pathname).to.equal('/apis/batch/v1/namespaces/kwasm/jobs');
    const state = await (await fetch(`http://127.0.0.1:${debugPort}/debug/state`)).json();
    expect(state).to.deep.include({ stages: { 'install working': 1 }, busy: ['n1'] });
    stop.abort();
    await running;
    const said = written.map((line) => JSON.parse(line)).filter(({ key }) => key === 'node/n1');
    const first = said.filter(({ reconcile }) => reconcile === said[0]?.reconcile);
    expect(first.map(({ message }) => message)).to.include.members(['job created']);
    expect(said.every(({ reconcile, timestamp }) => reconcile !== undefined && timestamp !== undefined)).to.equal(true);
    expect(await ready()).to.equal(undefined);
    await until(() => (timers() <= timersBefore ? true : undefined));
  });

  /** Its lease, by whom it is held: '' is nobody. */
  const holder = (lease: string | undefined) => JSON.parse(lease ?? '{}').spec?.holderIdentity;
  const leases = (onWrite: (body: string) => void, otherwise: Answer): Answer => {
    let written: string | undefined;
    return (response, call) => {
      if (!call.url.pathname.includes('/leases')) return otherwise(response, call);
      if (call.method === 'GET')
        return (written === undefined ? status(404, 'none') : json(JSON.parse(written)))(response, call);
      written = call.body;
      onWrite(call.body);
      return json(JSON.parse(call.body))(response, call);
    };
  };

  it('keeps the lease while work of its own may still reach the server: it expires when that cannot', async () => {
    const stop = new AbortController();
    const written: string[] = [];
    const hung: Answer = (response, call) => {
      if (call.method !== 'POST') return api(response, call);
      stop.abort(); // a Job that is asked for, and no answer
    };
    server.otherwise = leases((body) => written.push(body), hung);
    const sleep = async (ms: number, signal?: AbortSignal) => await systemClock.sleep(Math.min(ms, 50), signal);
    const clock = { ...systemClock, sleep };
    const deps = { credentials: await server.listen(), clock, random: () => 0, log: silentLogger() };
    await runOperator({ ...config(), leaderElect: true }, deps, stop.signal);
    expect(written).to.have.length.above(0);
    expect(written.map(holder)).to.not.include('');
  });

  it('gives back a lease that it got while it was told to stop', async () => {
    const stop = new AbortController();
    const written: string[] = [];
    const taking = (body: string) => {
      written.push(body);
      stop.abort();
    };
    server.otherwise = leases(taking, api);
    const deps = { credentials: await server.listen(), clock: systemClock, random: () => 0, log: silentLogger() };
    await runOperator({ ...config(), leaderElect: true }, deps, stop.signal);
    expect(written.map(holder))
      .to.have.length(2)
      .and.to.satisfy(([, last]: string[]) => last === '');
  });

  it('ends when one of its watches does: it would go on deciding on what it knew then', async () => {
    server.otherwise = api;
    const broken = () => {
      throw new Error('a bug of ours');
    };
    const log = Object.create(silentLogger(), { warn: { value: broken } });
    const deps = { credentials: await server.listen(), clock: systemClock, random: () => 0, log };
    const running = runOperator(config(), deps, AbortSignal.timeout(5_000));
    running.catch(() => {});
    await until(async () => ((await ready())?.status === 200 ? true : undefined));
    down = true;
    server.cut();
    expect(await running.catch(String)).to.equal('Error: a bug of ours');
  });
});

/** Those that keep a process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
