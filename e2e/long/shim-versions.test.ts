import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { containerOf, type FaultNode, faultNode } from '../faults/node.ts';
import { eventually } from '../harness/eventually.ts';
import { type FileMirror, startMirror } from '../harness/mirror.ts';
import { NAMESPACE, namespaceSettled } from '../harness/namespace.ts';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { ASSET, BINARY, gatewayOf, ownAuthority, packed, sha256Of, shimBinary } from '../harness/shim-releases.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { answer, podAddress, WORKLOADS, wasmDeployment } from '../harness/workloads.ts';

const SHIMS = '/opt/kwasm/shims/spin';
const VERSIONS = ['1.0.0', '1.1.0', '2.0.0'] as const;
type Version = (typeof VERSIONS)[number];
const PODS = ['first', 'second', 'third'] as const;
type Pod = (typeof PODS)[number];

/** The program of container $1 and that of the shim which holds it: both are the shim's own file. */
const PROGRAMS = `
set -eu
pid=$(ctr --namespace k8s.io tasks list 2>/dev/null | awk -v id="$1" '$1 == id { print $2 }')
parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
readlink "/proc/$pid/exe" "/proc/$parent/exe"
`;

/**
 * One line of kubectl changes the version of a Shim, up and down again, and pods run on meanwhile. The three versions are
 * our own Wasmtime shim with a few bytes more at its end, under the name of Spin's.
 */
describe("a Shim's version, changed by one line", function () {
  this.timeout(600_000);
  let test: TestCluster;
  let mirror: FileMirror;
  let nodes: readonly FaultNode[];
  /** What is to be downloaded, and the directory of what is in it. */
  const releases = new Map<Version, { readonly sha256: string; readonly directory: string }>();
  const scratch = mkdtempSync(join(tmpdir(), 'kwasm-versions-'));

  before(async () => {
    test = await testCluster();
    // The newest containerd and the oldest.
    const all = test.nodes.map(({ name, containerd }) => faultNode(test, name, containerd));
    nodes = [...all.slice(0, 1), ...all.slice(1).slice(-1)];
    const address = await gatewayOf(test, nodes[0]?.name ?? '');
    const { ca, server } = await ownAuthority(scratch, address);
    mirror = await startMirror(address, server);
    const binary = await shimBinary();
    for (const [index, version] of VERSIONS.entries()) {
      const own = Buffer.concat([binary, Buffer.alloc(index)]);
      const archive = await packed(own);
      mirror.serve(`/github.com${pathOf(version)}`, { content: archive });
      releases.set(version, { sha256: sha256Of(archive), directory: sha256Of(own).slice(0, 16) });
    }
    await namespaceSettled(test.kubectl);
    await test.kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    const metadata = { name: 'site-ca', namespace: NAMESPACE };
    const data = { 'ca.crt': readFileSync(ca, 'utf8') };
    await test.kubectl.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    const installer = 'kwasmOperator.installer';
    await installRelease(test, [`${installer}.caConfigMap=site-ca`, `${installer}.mirror=${mirror.origin}`]);
  });

  after(async () => {
    for (const pod of PODS) await stop(pod);
    await test.kubectl.run(['delete', 'shims.kwasm.sh', 'spin', '--ignore-not-found', '--wait=false']);
    await removeRelease(test);
    await mirror.close();
    rmSync(scratch, { recursive: true });
  });

  const pathOf = (version: Version) => `/spinframework/containerd-shim-spin/releases/download/v${version}/${ASSET}`;
  const httpsOf = (version: Version) => ({
    url: `https://github.com${pathOf(version)}`,
    sha256: releases.get(version)?.sha256,
  });
  const directoryOf = (version: Version) => releases.get(version)?.directory ?? '';
  const directoriesOn = async (node: FaultNode) => (await node.sh(`ls ${SHIMS}`)).split('\n');
  const directories = (...versions: readonly Version[]) => versions.map(directoryOf).toSorted();

  const nameOf = (pod: Pod, node: FaultNode) => `${pod}-${node.name}`;
  const onEach = <T>(act: (node: FaultNode) => Promise<T>) => Promise.all(nodes.map(act));

  async function start(pod: Pod): Promise<void> {
    await onEach(async (node) => {
      await test.kubectl.apply(...wasmDeployment(nameOf(pod, node), test.images.demo, node.name, 'spin'));
      await answers(pod, node);
    });
  }

  async function answers(pod: Pod, node: FaultNode): Promise<void> {
    const url = `http://${await podAddress(test.kubectl, `app=${nameOf(pod, node)}`)}:8080/`;
    expect(await answer(url)).to.match(/WebAssembly/);
  }

  async function stop(pod: Pod): Promise<void> {
    await onEach(async (node) => {
      const name = nameOf(pod, node);
      await test.kubectl.run([
        'delete',
        '-n',
        WORKLOADS,
        '--ignore-not-found',
        `deployment/${name}`,
        `service/${name}`,
      ]);
      await test.kubectl.run(['wait', '-n', WORKLOADS, '--for=delete', 'pod', '-l', `app=${name}`, '--timeout=60s']);
    });
  }

  const container = (pod: Pod, node: FaultNode) => containerOf(node, `app=${nameOf(pod, node)}`);

  async function expectShim(pod: Pod, version: Version): Promise<void> {
    const program = `${SHIMS}/${directoryOf(version)}/${BINARY}`;
    for (const node of nodes) {
      const id = /containerd:\/\/([0-9a-f]+)/.exec(await container(pod, node))?.[1] ?? '';
      const programs = await test.exec(node.name)(['sh', '-c', PROGRAMS, 'sh', id]);
      expect(programs.trim().split('\n'), nameOf(pod, node)).to.deep.equal([program, program]);
    }
  }

  async function ready(): Promise<void> {
    await eventually('Shim spin: Ready as it is now', 240_000, async (seen) => {
      const { metadata, status } = await test.kubectl.get<{
        metadata: { generation: number };
        status?: { observedGeneration: number; nodes: { ready: number }; conditions: { reason: string }[] };
      }>(['shims.kwasm.sh', 'spin']);
      seen(JSON.stringify(status));
      const current = status?.observedGeneration === metadata.generation;
      return current && status.conditions[0]?.reason === 'Ready' && status.nodes.ready === nodes.length
        ? true
        : undefined;
    });
  }

  /** As a person does it. */
  async function change(version: Version): Promise<void> {
    const patch = [
      { op: 'replace', path: '/spec/version', value: version },
      { op: 'replace', path: '/spec/sources/0/https', value: httpsOf(version) },
    ];
    await test.kubectl.run(['patch', 'shims.kwasm.sh', 'spin', '--type=json', '-p', JSON.stringify(patch)]);
    await ready();
  }

  it('begins with one, and a pod on it', async () => {
    const sources = [{ arch: 'amd64', https: httpsOf('1.0.0') }];
    const spec = { version: '1.0.0', handler: 'spin', binary: BINARY, sources, runtimeClasses: [{ name: 'spin' }] };
    await test.kubectl.apply({ apiVersion: 'kwasm.sh/v1alpha1', kind: 'Shim', metadata: { name: 'spin' }, spec });
    await test.kubectl.run(['annotate', 'node', ...nodes.map(({ name }) => name), 'kwasm.sh/kwasm-node=true']);
    for (const { name } of nodes) await provisioned(test.kubectl, name, 'spin');
    await ready();
    await start('first');
    await expectShim('first', '1.0.0');
  });

  it('goes up: the pod keeps its shim, and a new one gets the new', async () => {
    const before = await onEach((node) => container('first', node));
    await change('1.1.0');
    await start('second');
    await expectShim('second', '1.1.0');
    await expectShim('first', '1.0.0');
    expect(await onEach((node) => container('first', node)), 'the same containers').to.deep.equal(before);
    await onEach((node) => answers('first', node));
    for (const node of nodes) expect(await directoriesOn(node)).to.deep.equal(directories('1.0.0', '1.1.0'));
  });

  it('leaves the shim of an old pod also to its container that crashes and is started again', async () => {
    await onEach(async (node) => {
      const id = /containerd:\/\/([0-9a-f]+)/.exec(await container('first', node))?.[1] ?? '';
      await node.sh(`ctr --namespace k8s.io tasks kill --signal SIGKILL ${id}`);
      await eventually(`${node.name}: the container runs again`, 120_000, async (seen) => {
        const now = await container('first', node);
        seen(now);
        return now.endsWith('restarts=1') ? true : undefined;
      });
      await answers('first', node);
    });
    await expectShim('first', '1.0.0');
  });

  it('goes down again in the same way', async () => {
    const before = await onEach((node) => container('second', node));
    await change('1.0.0');
    await start('third');
    await expectShim('third', '1.0.0');
    await expectShim('second', '1.1.0');
    await expectShim('first', '1.0.0');
    expect(await onEach((node) => container('second', node)), 'the same containers').to.deep.equal(before);
    await onEach((node) => answers('second', node));
    for (const node of nodes) expect(await directoriesOn(node)).to.deep.equal(directories('1.0.0', '1.1.0'));
  });

  it('leaves nothing of a version that no pod runs on any more, with the next run', async () => {
    await stop('second');
    await change('2.0.0');
    for (const node of nodes) expect(await directoriesOn(node)).to.deep.equal(directories('1.0.0', '2.0.0'));
    for (const pod of ['first', 'third'] as const) await expectShim(pod, '1.0.0');
    await onEach((node) => answers('first', node));
  });
});
