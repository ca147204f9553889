import { appendFileSync } from 'node:fs';
import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { ClusterNode } from '../../scripts/cluster/provider.ts';
import { linkPackages } from '../../src/func/run/testing.ts';
import { bundledKwasm, type Kwasm, type Said } from '../harness/cli.ts';
import { eventually } from '../harness/eventually.ts';
import { provisioned } from '../harness/nodes.ts';
import { podUsage } from '../harness/pod-usage.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

const ANON_BYTES_MAX = 16 * 1024 * 1024;
const CODE_BYTES_MIN = 20 * 1024 * 1024;
const SELECTOR = 'serving.knative.dev/service=hello';

/** e2e/func.test.ts does it on the first node: here on every one, so on each containerd and cgroup driver that KWASM_E2E_NODES names. */
describe('the machine code of a function, on each kind of node', function () {
  this.timeout(1_800_000);
  let test: TestCluster;
  let kwasm: Kwasm;

  before(async () => {
    test = await testCluster();
    await installRelease(test, ['wasmModules.enabled=true']);
    kwasm = await bundledKwasm(test);
    well(await kwasm.run('func', 'create', '-l', 'ts-wasi', 'hello'));
    linkPackages(`${kwasm.directory}/hello`);
    const yaml = `${kwasm.directory}/hello/func.yaml`;
    appendFileSync(yaml, 'deploy:\n  options:\n    scale: { min: 2, max: 2 }\n');
  });
  after(async () => {
    await test.kubectl.run(['delete', 'wasmmodules', '-n', WORKLOADS, '--all', '--wait=true', '--timeout=90s']);
    await removeRelease(test);
    await test.kubectl.run(['delete', 'crd', 'wasmmodules.wasm.serving.knative.dev', '--wait=true', '--timeout=60s']);
    kwasm.remove();
  });

  function well({ exitCode, out, err }: Said): string {
    expect(exitCode, `${out}\n${err}`).to.equal(0);
    return out;
  }

  async function servingPods(): Promise<readonly V1Pod[]> {
    const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', SELECTOR]);
    return items.filter(
      ({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase === 'Running',
    );
  }

  /** Bytes of code that the pods' processes map from containerd's store, by the files' inodes: the same number twice is the same file. */
  async function mapped({ name }: ClusterNode): Promise<readonly { readonly inode: string; readonly bytes: number }[]> {
    const script = `for maps in $(grep -lE "$1" /proc/[0-9]*/maps 2>/dev/null); do grep -E "$1" $maps; echo; done`;
    const printed = await test.exec(name)(['sh', '-c', script, 'sh', '/[0-9a-f]{64}$']);
    const processes = printed.split('\n\n').filter((text) => text.trim() !== '');
    return processes.map((text) => {
      const areas = text
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/));
      const sizes = areas.map(([range = '']) => range.split('-').map((at) => Number.parseInt(at, 16)));
      return {
        inode: areas[0]?.[4] ?? '',
        bytes: sizes.reduce((sum, [from = 0, to = 0]) => sum + to - from, 0),
      };
    });
  }

  async function ofNode(node: ClusterNode): Promise<void> {
    await test.kubectl.run(['annotate', 'node', node.name, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, node.name);
    const host = test.images.registry.split('/')[0] ?? '';
    const push = ['--registry', test.images.registry, '--plain-http', host, '--timeout', '10m'];
    well(await kwasm.run('func', 'deploy', '--path', 'hello', ...push));
    expect(well(await kwasm.run('func', 'invoke', 'hello', '--request-path', '/a'))).to.equal(
      'Hello from WASI! Path: /a',
    );
    const pods = await eventually('two pods serve', 120_000, async (seen) => {
      const serving = await servingPods();
      seen(`${serving.length}`);
      return serving.length === 2 ? serving : undefined;
    });
    const used = await Promise.all(pods.map((pod) => podUsage(test.exec(node.name), pod.metadata?.uid ?? '')));
    const maps = await mapped(node);
    const inMiB = (bytes: number) => (bytes / 1024 ** 2).toFixed(1);
    const told = used.map(({ anonBytes }) => inMiB(anonBytes)).join(' and ');
    console.log(
      `      containerd ${node.containerd}, ${node.cgroupDriver}: ${told} MiB anonymous, ${maps.map(({ bytes }) => inMiB(bytes)).join(' and ')} MiB mapped`,
    );
    for (const { anonBytes } of used) expect(anonBytes).to.be.below(ANON_BYTES_MAX);
    expect(maps).to.have.length(pods.length);
    for (const { bytes } of maps) expect(bytes).to.be.above(CODE_BYTES_MIN);
    expect(new Set(maps.map(({ inode }) => inode)).size).to.equal(1);
    well(await kwasm.run('func', 'delete', 'hello', '--timeout', '3m'));
    await test.kubectl.run(['annotate', 'node', node.name, 'kwasm.sh/kwasm-node-']);
    await eventually(`${node.name} is not for Wasm any more`, 240_000, async () => {
      const labels = await test.kubectl.run(['get', 'node', node.name, '-o', 'jsonpath={.metadata.labels}']);
      return labels.includes('runtime.kwasm.sh/') ? undefined : true;
    });
  }

  it('is mapped from its containerd, once for all pods', async () => {
    for (const node of test.nodes) await ofNode(node);
  });
});
