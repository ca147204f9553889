import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { cacheDir } from '../scripts/cluster/paths.ts';
import { componentOf } from '../scripts/images/component.ts';
import { buildAndPush } from './harness/derived-images.ts';
import { eventually } from './harness/eventually.ts';
import { provisioned } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { trafficPod, WORKLOADS } from './harness/workloads.ts';

const MIB = 1024 * 1024;

/** What WASI_CONFIG says of a pod, its guest keeps to; what one request does, no other feels. */
describe('a WASI HTTP guest with a policy', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let image: string;
  let node: string;
  /** An ordinary server in the cluster that a guest might ask. */
  let server: string;
  let open: string;
  let walled: string;

  before(async () => {
    test = await testCluster();
    node = test.nodes[0]?.name ?? '';
    await installRelease(test);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    const component = await componentOf(join(import.meta.dirname, 'fixtures/probe'), cacheDir());
    image = await buildAndPush(
      `${test.images.registry}/kwasm-story-probe:1`,
      'FROM scratch\nCOPY probe.wasm /probe.wasm\nENTRYPOINT ["/probe.wasm"]\n',
      { 'probe.wasm': component },
    );
    await provisioned(test.kubectl, node);
    await test.kubectl.apply(trafficPod('policy-server', test.images.operator, node));
    server = `${await addressOf('policy-server')}:8080`;
    // An image of a file, which is compiled in the pod: as a layer it would be compiled for both at once, but within the two minutes that
    // the kubelet gives a container to be created, and a busy machine needs more. Both at one time, then.
    await test.kubectl.apply(guest('policy-open', undefined));
    await test.kubectl.apply(
      guest('policy-walled', {
        network: { tcpConnect: [server] },
        limits: { memoryBytes: 128 * MIB, requestSeconds: 3 },
      }),
    );
    open = `http://${await addressOf('policy-open')}:8080`;
    walled = `http://${await addressOf('policy-walled')}:8080`;
    for (const url of [open, walled]) await answers(url);
  });

  after(async () => {
    await test.kubectl.run([
      'delete',
      'pods',
      '-n',
      WORKLOADS,
      '-l',
      'story=policy',
      '--ignore-not-found',
      '--timeout=90s',
    ]);
    await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, 'policy-server', '--ignore-not-found', '--timeout=90s']);
    await removeRelease(test);
  });

  function guest(name: string, policy: object | undefined): V1Pod {
    const env = policy === undefined ? [] : [{ name: 'WASI_CONFIG', value: JSON.stringify(policy) }];
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: WORKLOADS, labels: { story: 'policy' } },
      spec: {
        runtimeClassName: 'wasmtime',
        nodeSelector: { 'kubernetes.io/hostname': node },
        terminationGracePeriodSeconds: 1,
        restartPolicy: 'Never',
        containers: [{ name: 'guest', image, env: [{ name: 'GREETING', value: 'hi' }, ...env] }],
      },
    };
  }

  async function addressOf(name: string): Promise<string> {
    return eventually(`${name}: an address`, 120_000, async (seen) => {
      const { status } = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, name]);
      seen(JSON.stringify(status?.containerStatuses?.[0]?.state ?? status?.phase));
      return status?.phase === 'Running' ? status.podIP : undefined;
    });
  }

  /** The first start compiles 13 MB of JavaScript engine. */
  async function answers(url: string): Promise<void> {
    await eventually(`${url}: an answer`, 240_000, async () => {
      const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    });
  }

  async function ask(url: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    return { status: answer.status, text: await answer.text() };
  }

  const asking = (base: string, url: string) => ask(`${base}/fetch?url=${encodeURIComponent(url)}`);

  it('asks whom it may ask over HTTP, and nobody else', async () => {
    expect(JSON.parse((await asking(walled, `http://${server}/`)).text)).to.include({ status: 200 });
    const elsewhere = `http://${server.replace(/:\d+$/, ':8081')}/`;
    for (const url of [elsewhere, 'http://127.0.0.1:10248/healthz', 'http://policy-server/', 'https://example.com/']) {
      const { text } = await asking(walled, url);
      expect(JSON.parse(text), url).to.have.property('error');
    }
    // The same server answers a guest of which nothing was said: it is the policy that keeps the other from it.
    expect(JSON.parse((await asking(open, `http://${server}/`)).text)).to.include({ status: 200 });
  });

  it('does not see the policy in its environment', async () => {
    const { text } = await ask(`${walled}/environment`);
    expect(JSON.parse(text)).to.include({ GREETING: 'hi' }).and.not.have.property('WASI_CONFIG');
  });

  it('is ended at its deadline when it loops, and others are answered meanwhile', async () => {
    const looping = Array.from({ length: 8 }, () => ask(`${walled}/loop`));
    const meanwhile = await ask(`${walled}/meanwhile`);
    expect(meanwhile).to.deep.equal({ status: 200, text: '{"pathname":"/meanwhile"}' });
    for (const { status, text } of await Promise.all(looping)) {
      expect({ status, text }).to.deep.equal({ status: 504, text: 'the component took too long\n' });
    }
  });

  it('fails alone when it wants more memory than it may have', async () => {
    expect(JSON.parse((await ask(`${walled}/memory?megabytes=40`)).text)).to.deep.equal({ megabytes: 40 });
    expect((await ask(`${walled}/memory?megabytes=400`)).status).to.equal(500);
    expect((await ask(`${walled}/after`)).status).to.equal(200);
    expect(JSON.parse((await ask(`${open}/memory?megabytes=400`)).text)).to.deep.equal({ megabytes: 400 });
  });

  it('starts anew with each request', async () => {
    const seen = await Promise.all(Array.from({ length: 20 }, () => ask(`${walled}/answered`)));
    expect(new Set(seen.map(({ text }) => text))).to.deep.equal(new Set(['{"answered":1}']));
  });

  it('does not start at all with a policy that cannot be read', async () => {
    await test.kubectl.apply(guest('policy-wrong', { network: { tcpConect: ['*:*'] } }));
    await eventually('the refusal', 120_000, async (seen) => {
      const log = await test.kubectl.run(['logs', '-n', WORKLOADS, 'policy-wrong']);
      seen(log);
      return log.includes('tcpConect') && log.includes('WASI_CONFIG') ? true : undefined;
    });
  });
});
