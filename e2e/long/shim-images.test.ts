import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { execa } from 'execa';
import { silent } from '../../scripts/cluster/progress.ts';
import { buildShim } from '../../scripts/shim/build.ts';
import { buildAndPush } from '../harness/derived-images.ts';
import { eventually } from '../harness/eventually.ts';
import { NAMESPACE } from '../harness/namespace.ts';
import { conditionReason, provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { streamingImage } from '../harness/streaming-component.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { type Traffic, watchTraffic } from '../harness/traffic.ts';
import { answer, podAddress, WORKLOADS, wasmDeployment } from '../harness/workloads.ts';

const BINARY = 'containerd-shim-wasmtime-v1';

/** What runs in the container $1 dies as a program does that crashes. */
const CRASH = `
set -eu
[ -n "$1" ]
for process in /proc/[0-9]*; do
  if grep -qs "$1" "$process/cgroup"; then kill -9 "\${process#/proc/}"; fi
done
`;

/**
 * A Shim whose source is an image with nothing in it but the shim: mounted where the kubelet and containerd can, copied by an
 * init container where they cannot. Then another version of it, under Wasm pods that stream.
 */
describe('a Shim from an image', function () {
  this.timeout(900_000);
  let test: TestCluster;
  let nodes: readonly string[];
  const traffic = new Map<string, Traffic>();
  const first = new Map<string, string>();

  before(async () => {
    test = await testCluster();
    // One that mounts images, one that does not.
    nodes = test.nodes.slice(0, 2).map(({ name }) => name);
    await installRelease(test);
  });

  after(async () => {
    for (const one of traffic.values()) await one.stop();
    for (const node of nodes) {
      await test.kubectl.run([
        'delete',
        `deployment/${node}`,
        `service/${node}`,
        '-n',
        WORKLOADS,
        '--ignore-not-found',
      ]);
    }
    await test.kubectl.run(['delete', 'shims.kwasm.sh', 'streams', '--ignore-not-found', '--wait=false']);
    await removeRelease(test);
  });

  async function shimImage(version: string, change: Uint8Array): Promise<string> {
    const { path } = await buildShim({ progress: silent });
    const reference = `${test.images.registry}/shims/streams:${version}`;
    const binary = Buffer.concat([readFileSync(path), change]);
    await buildAndPush(reference, `FROM scratch\nCOPY ${BINARY} /bin/${BINARY}\n`, { [BINARY]: binary });
    const { stdout } = await execa('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`]);
    return `${test.images.registry}/shims/streams@sha256:${createHash('sha256').update(stdout).digest('hex')}`;
  }

  const shim = (version: string, reference: string) => ({
    apiVersion: 'kwasm.sh/v1alpha1',
    kind: 'Shim',
    metadata: { name: 'streams' },
    spec: {
      version,
      handler: 'streams',
      binary: BINARY,
      sources: [{ arch: 'amd64', image: { reference, path: `bin/${BINARY}` } }],
      runtimeClasses: [{ name: 'streams' }],
    },
  });

  const versionsOn = async (node: string) =>
    (await test.exec(node)(['ls', '/opt/kwasm/shims/streams'])).split('\n').filter((line) => line !== '');

  async function ready(version: string): Promise<void> {
    await eventually(`Shim streams ${version}: Ready`, 300_000, async (seen) => {
      const { spec, status } = await test.kubectl.get<{
        spec: { version: string };
        status?: { nodes?: { ready: number }; problems?: readonly object[] };
      }>(['shims.kwasm.sh', 'streams']);
      seen(JSON.stringify(status));
      return spec.version === version && status?.nodes?.ready === nodes.length ? true : undefined;
    });
  }

  it('is mounted where it can be, and copied where not, from an image that has no shell', async () => {
    await test.kubectl.apply(shim('1', await shimImage('1', Buffer.alloc(0))));
    await test.kubectl.run(['annotate', 'node', ...nodes, 'kwasm.sh/kwasm-node=true']);
    for (const node of nodes) await provisioned(test.kubectl, node, 'streams');
    await ready('1');
    const { items } = await test.kubectl.get<{ items: V1Job[] }>(['jobs', '-n', NAMESPACE]);
    const ways = nodes.map((node) => {
      const pod = items.find(({ spec }) => spec?.template.spec?.nodeName === node)?.spec?.template.spec;
      return pod?.volumes?.some(({ image }) => image !== undefined) ? 'mounted' : (pod?.initContainers?.length ?? 0);
    });
    expect(ways).to.deep.equal(['mounted', 2]);
    for (const node of nodes) first.set(node, (await versionsOn(node)).join());
  });

  it('serves a stream on every node', async () => {
    const image = await streamingImage(`${test.images.registry}/streaming:1`);
    for (const node of nodes) {
      await test.kubectl.apply(...wasmDeployment(node, image, node, 'streams'));
      const base = `http://${await podAddress(test.kubectl, `app=${node}`)}:8080/`;
      await answer(base);
      traffic.set(node, watchTraffic(base));
    }
  });

  it('gives way to another version without one lost request: running pods keep the shim they have', async () => {
    await test.kubectl.apply(shim('2', await shimImage('2', Buffer.from([0]))));
    await ready('2');
    for (const node of nodes) {
      await conditionReason(test.kubectl, node, ['Provisioned']);
      expect(await versionsOn(node), node)
        .to.have.length(2)
        .and.include(first.get(node));
    }
    for (const [node, one] of traffic) {
      const { answered, lost, streamed } = await one.stop();
      expect(lost, node).to.deep.equal([]);
      expect(answered, node).to.be.greaterThan(20);
      expect(streamed, node).to.be.greaterThan(50);
    }
  });

  it('starts a container of an old pod again on the shim that the pod has', async () => {
    for (const node of nodes) {
      const pid = (await test.exec(node)(['pgrep', '-o', '-f', `shims/streams/${first.get(node)}`])).trim();
      expect(Number(pid), 'the old shim runs').to.be.greaterThan(1);
      const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', `app=${node}`]);
      const id = items[0]?.status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
      await test.exec(node)(['sh', '-c', CRASH, 'sh', id]);
      await eventually(`${node}: started again`, 120_000, async (seen) => {
        const [pod] = (await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', `app=${node}`]))
          .items;
        const container = pod?.status?.containerStatuses?.[0];
        seen(JSON.stringify(container?.state));
        return (container?.restartCount ?? 0) > 0 && container?.state?.running !== undefined ? true : undefined;
      });
      const base = `http://${await podAddress(test.kubectl, `app=${node}`)}:8080/`;
      await answer(base);
    }
  });

  it('leaves the old version when the last pod on it has gone', async () => {
    for (const node of nodes) {
      await test.kubectl.run(['delete', 'deployment', node, '-n', WORKLOADS, '--timeout=60s']);
    }
    await test.kubectl.run(['delete', 'shims.kwasm.sh', 'streams', '--timeout=110s']);
    for (const node of nodes) {
      expect((await test.exec(node)(['ls', '/opt/kwasm/shims'])).trim()).to.equal('wasmtime');
    }
  });
});
