import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { type Call, FakeServer, json, status } from '../../src/operator/kube/fake-server.ts';

const SCRIPT = readFileSync(new URL('../../helm/kwasm-operator/files/cleanup.mjs', import.meta.url), 'utf8');
const CLASSES = '/apis/node.k8s.io/v1/runtimeclasses';
const OURS = { labels: { 'app.kubernetes.io/managed-by': 'kwasm-operator' } };
const GIVEN_UP = 3;

/** The program of the chart's clean-up Job, against an API server that answers as one does. */
describe('files/cleanup.mjs', function () {
  this.timeout(60_000); // each run is a process of its own
  let server: FakeServer;
  let dir: string;
  let address: string;
  let nodes: object[];
  let jobs: object[];
  let classes: Record<string, { readonly labels?: Readonly<Record<string, string>> }>;
  let asked: number;

  beforeEach(async () => {
    [nodes, jobs, asked] = [[clean('n1')], [], 0];
    classes = { wasmtime: OURS, 'of-a-shim': OURS, spin: {} };
    server = new FakeServer();
    server.otherwise = (response, call) => respond(call)(response, call);
    address = String((await server.listen()).server);
    dir = mkdtempSync(join(tmpdir(), 'cleanup-'));
    writeFileSync(join(dir, 'token'), 'secret-token\n');
  });
  afterEach(async () => {
    await server.close();
    rmSync(dir, { recursive: true });
  });

  function respond({ method, url }: Call) {
    if (url.pathname === '/api/v1/nodes') {
      asked += 1;
      const from = Number(url.searchParams.get('continue') || 0);
      const more = from + 1 < nodes.length ? { continue: String(from + 1) } : {};
      return json({ items: nodes.slice(from, from + 1), metadata: more });
    }
    if (url.pathname.endsWith('/jobs')) return json({ items: jobs, metadata: {} });
    if (!url.pathname.startsWith(CLASSES)) return json({});
    if (url.pathname === CLASSES) {
      const [key = '', value] = url.searchParams.get('labelSelector')?.split('=') ?? [];
      const found = Object.entries(classes).filter(([, { labels }]) => labels?.[key] === value);
      return json({ items: found.map(([name, its]) => ({ metadata: { name, uid: `uid-${name}`, ...its } })) });
    }
    const name = url.pathname.slice(CLASSES.length + 1);
    if (method !== 'DELETE' || classes[name] === undefined) return status(404, 'not found');
    delete classes[name];
    return json({});
  }

  const clean = (name: string) => ({ metadata: { name, annotations: { 'kwasm.sh/kwasm-node': 'true' } } });
  const held = (name: string) => ({
    metadata: { name, annotations: { 'kwasm.sh/record': '{}' } },
    status: { conditions: [{ type: 'KwasmReady', reason: 'InUse', message: 'pods in the way: default/a' }] },
  });

  async function run(env: Record<string, string> = {}) {
    const { exitCode, stdout, stderr } = await execa(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
      env: {
        KWASM_SERVER: address.replace(/\/$/, ''),
        KWASM_ACCOUNT: dir,
        KWASM_POLL_MS: '10',
        KWASM_NAMESPACE: 'kwasm',
        KWASM_JOB: 'op-cleanup',
        KWASM_REPLICAS: '1',
        KWASM_DEADLINE_SECONDS: '20',
        ...env,
      },
      reject: false,
      timeout: 30_000,
    });
    return { exitCode, stdout, stderr };
  }

  it('waits until no node and no Job is left, then takes our RuntimeClasses and itself away', async () => {
    nodes = [clean('n1'), held('n2'), clean('n3')];
    jobs = [{ metadata: { name: 'n2-unprovision-kwasm' } }];
    const done = run();
    while (asked < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    nodes = nodes.map((_, index) => clean(`n${index}`));
    const askedThen = asked;
    while (asked < askedThen + 6) await new Promise((resolve) => setTimeout(resolve, 5));
    jobs = [
      { metadata: { name: 'n2-unprovision-kwasm' }, status: { conditions: [{ type: 'Complete', status: 'True' }] } },
    ];
    const { exitCode, stdout, stderr } = await done;
    expect(exitCode, stderr).to.equal(0);
    expect(stdout).to.contain('n2: InUse: pods in the way: default/a').and.to.contain('everything is undone');
    expect(Object.keys(classes), "somebody else's stays").to.deep.equal(['spin']);
    const patch = server.calls.find(({ method }) => method === 'PATCH');
    expect(patch?.url.pathname).to.equal('/apis/batch/v1/namespaces/kwasm/jobs/op-cleanup');
    expect(JSON.parse(patch?.body ?? '')).to.deep.equal({ spec: { ttlSecondsAfterFinished: 300 } });
    expect(server.calls[0]?.headers.authorization).to.equal('Bearer secret-token');
  });

  it('ends a DaemonSet first, whose pods would hold their nodes, and bears that it is gone', async () => {
    const { exitCode, stdout } = await run({ KWASM_DAEMONSET: 'op-agent' });
    expect(exitCode).to.equal(0);
    expect(stdout).to.contain('DaemonSet op-agent is deleted');
    const first = server.calls[0];
    expect(`${first?.method} ${first?.url.pathname}`).to.equal(
      'DELETE /apis/apps/v1/namespaces/kwasm/daemonsets/op-agent',
    );
    server.answer(status(404, 'not found'));
    expect((await run({ KWASM_DAEMONSET: 'op-agent' })).exitCode).to.equal(0);
    server.answer(status(503, 'down'));
    const again = await run({ KWASM_DAEMONSET: 'op-agent' });
    expect(again.stdout, 'asked until it is').to.contain('DaemonSet op-agent is deleted');
  });

  it('gives up in time, and says what is left and what to do', async () => {
    nodes = Array.from({ length: 25 }, (_, index) => held(`n${index}`));
    const { exitCode, stderr } = await run({ KWASM_DEADLINE_SECONDS: '0' });
    expect(exitCode).to.equal(GIVEN_UP);
    expect(stderr).to.contain('  n0: InUse: pods in the way').and.to.contain('  and 5 more');
    expect(stderr).to.contain('delete job op-cleanup').and.to.contain('--no-hooks');
    expect(Object.keys(classes)).to.include('wasmtime');
    expect(server.calls.filter(({ method }) => method !== 'GET')).to.deep.equal([]);
  });

  it('bears an API server that is away for a moment', async () => {
    server.answer(status(503, 'down'), (response) => void response.destroy());
    const { exitCode, stderr } = await run();
    expect(exitCode).to.equal(0);
    expect(stderr).to.contain('asked again: GET /api/v1/nodes').and.not.to.contain('secret-token');
  });

  it('says at once that nobody would undo anything', async () => {
    const { exitCode, stderr } = await run({ KWASM_REPLICAS: '0' });
    expect(exitCode).to.equal(GIVEN_UP);
    expect(stderr).to.contain('replicaCount is 0');
    expect(server.calls).to.deep.equal([]);
  });
});
