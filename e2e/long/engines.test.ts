import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1ContainerStatus, V1Node, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { progressTo } from '../../scripts/cluster/progress.ts';
import type { BuiltShim } from '../../scripts/shim/build.ts';
import { buildWasmiShim } from '../../scripts/shim/wasmi.ts';
import { eventually } from '../harness/eventually.ts';
import { type FileMirror, startMirror } from '../harness/mirror.ts';
import { NAMESPACE, namespaceSettled } from '../harness/namespace.ts';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { gatewayOf, ownAuthority, packed, sha256Of } from '../harness/shim-releases.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

const ASSET = '/kwasm/kwasm/releases/download/v0.3.0/containerd-shim-wasmi-linux.tar.gz';
const COMPILE_MS_MAX = 45 * 60_000;
const ENGINES = ['wasmtime', 'wasmi'] as const;
type Engine = (typeof ENGINES)[number];

/**
 * One engine out of the installer's image, and one that a Shim names and no image of ours has: an archive on a server with
 * an authority of the site's own. A pod chooses by its RuntimeClass.
 */
describe('two engines on every node', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let mirror: FileMirror;
  const scratch = mkdtempSync(join(tmpdir(), 'kwasm-engines-'));

  before(async function () {
    this.timeout(COMPILE_MS_MAX);
    test = await testCluster();
    const wasmi = await buildWasmiShim({ progress: progressTo((line) => console.error(line)) });
    const archive = await packed(readFileSync(wasmi.path), wasmi.binary);
    const [{ name: first } = { name: '' }] = test.nodes;
    const { ca, server } = await ownAuthority(scratch, await gatewayOf(test, first));
    mirror = await startMirror(await gatewayOf(test, first), server);
    mirror.serve(ASSET, { content: archive });
    const metadata = { name: 'story-ca', namespace: NAMESPACE };
    await namespaceSettled(test.kubectl);
    await test.kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await test.kubectl.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'ca.crt': readFileSync(ca, 'utf8') },
    });
    await installRelease(test, ['kwasmOperator.installer.caConfigMap=story-ca']);
    const https = { url: `${mirror.origin}${ASSET}`, sha256: sha256Of(archive) };
    await test.kubectl.apply(shim(wasmi, https));
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node=true']);
    for (const { name } of test.nodes) {
      for (const engine of ENGINES) await provisioned(test.kubectl, name, engine);
    }
  });

  function shim({ binary, version, arch }: BuiltShim, https: object): object {
    const sources = [{ arch, https }];
    const spec = { version, handler: 'wasmi', binary, sources, runtimeClasses: [{ name: 'wasmi' }] };
    return { apiVersion: 'kwasm.sh/v1alpha1', kind: 'Shim', metadata: { name: 'wasmi' }, spec };
  }

  afterEach(async () => {
    await test.kubectl.run(['delete', 'pods', '-n', WORKLOADS, '-l', 'story=engines', '--wait=true', '--timeout=90s']);
  });

  after(async () => {
    // Its finalizer waits until it is off every node, and for the operator that says so.
    await test.kubectl.run(['delete', 'shim', 'wasmi', '--ignore-not-found', '--wait=false']);
    await eventually('the Shim is gone', 300_000, async (seen) => {
      const left = await test.kubectl.run(['get', 'shim', 'wasmi', '--ignore-not-found', '-o', 'json']);
      seen(left);
      return left.trim() === '' ? true : undefined;
    });
    await removeRelease(test);
    await mirror.close();
    rmSync(scratch, { recursive: true });
  });

  /** The guest of e2e/fixtures/steps on `engine`; its name is the container's, too. */
  async function start(engine: Engine, node: string, steps: readonly string[], image = test.fixtures.module) {
    const name = `${engine}-${node}`;
    const pod: V1Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: WORKLOADS, labels: { story: 'engines' } },
      spec: {
        runtimeClassName: engine,
        restartPolicy: 'Never',
        nodeSelector: { 'kubernetes.io/hostname': node },
        containers: [{ name: 'guest', image, args: [...steps], env: [{ name: 'GREETING', value: 'hello' }] }],
      },
    };
    await test.kubectl.apply(pod);
    return name;
  }

  async function statusOf(name: string): Promise<V1ContainerStatus | undefined> {
    return (await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, name])).status?.containerStatuses?.[0];
  }

  async function ended(name: string): Promise<number> {
    return eventually(`${name}: ended`, 120_000, async (seen) => {
      const status = await statusOf(name);
      seen(JSON.stringify(status?.state));
      return status?.state?.terminated?.exitCode;
    });
  }

  const log = (name: string) => test.kubectl.run(['logs', '-n', WORKLOADS, name]);

  async function said(name: string, line: string): Promise<void> {
    await eventually(`${name}: says ${line}`, 120_000, async (seen) => {
      const text = await log(name);
      seen(text);
      return text.includes(line) ? true : undefined;
    });
  }

  it('has a label and a RuntimeClass for each', async () => {
    for (const { name } of test.nodes) {
      const { metadata } = await test.kubectl.get<V1Node>(['node', name]);
      for (const engine of ENGINES) expect(metadata?.labels).to.include({ [`runtime.kwasm.sh/${engine}`]: 'true' });
    }
    for (const engine of ENGINES) {
      expect(await test.kubectl.get(['runtimeclass', engine])).to.deep.include({ handler: engine });
    }
    await eventually('the Shim says that every node has it', 60_000, async (seen) => {
      const { status } = await test.kubectl.get<{ status?: { nodes?: { ready?: number } } }>(['shim', 'wasmi']);
      seen(JSON.stringify(status));
      return status?.nodes?.ready === test.nodes.length ? true : undefined;
    });
  });

  it('runs the same module on both, with arguments, environment, logs and its exit code', async () => {
    const steps = ['args', 'env:GREETING', 'write:/tmp-file=kept', 'read:/tmp-file', 'stderr:to stderr', 'exit:7'];
    for (const { name } of test.nodes) {
      for (const engine of ENGINES) await start(engine, name, steps);
      for (const engine of ENGINES) expect(await ended(`${engine}-${name}`), engine).to.equal(7);
      const [compiled, interpreted] = await Promise.all(ENGINES.map((engine) => log(`${engine}-${name}`)));
      expect(interpreted?.split('\n').toSorted()).to.deep.equal(compiled?.split('\n').toSorted());
      expect(interpreted).to.contain('env GREETING=hello').and.contain('read /tmp-file: kept').and.contain('to stderr');
    }
  });

  it('passes on every exit code, and ends a guest that sleeps when the pod is deleted', async () => {
    const [{ name: node } = { name: '' }] = test.nodes;
    expect(await ended(await start('wasmi', node, ['exit:200']))).to.equal(200);
    await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, `wasmi-${node}`]);
    const name = await start('wasmi', node, ['sleep:600']);
    await said(name, 'sleeping');
    const begun = Date.now();
    await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, name, '--wait=true', '--timeout=60s']);
    expect(Date.now() - begun, 'well before the grace period of 30 s').to.be.below(20_000);
  });

  it('says in the log which class to take instead, when a component is given to the interpreter', async () => {
    const [{ name: node } = { name: '' }] = test.nodes;
    const name = await start('wasmi', node, ['args'], test.fixtures.component);
    expect(await ended(name)).to.not.equal(0);
    expect(await log(name))
      .to.contain('is a component')
      .and.contain('such as wasmtime');
  });

  it('keeps an interpreted pod through a restart of containerd', async () => {
    for (const { name: node } of test.nodes) {
      const name = await start('wasmi', node, ['sleep:600']);
      await said(name, 'sleeping');
      const before = await statusOf(name);
      await test.exec(node)(['systemctl', 'restart', 'containerd']);
      await eventually(`${node}: its containerd answers`, 60_000, async (seen) => {
        const lines = await test.exec(node)(['ctr', '--namespace', 'k8s.io', 'tasks', 'list']).catch(String);
        seen(lines);
        const id = before?.containerID?.replace('containerd://', '') ?? '';
        return new RegExp(`${id}\\s+\\d+\\s+RUNNING`).test(lines) ? true : undefined;
      });
      const after = await statusOf(name);
      expect([after?.containerID, after?.restartCount]).to.deep.equal([before?.containerID, 0]);
      await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, name]);
    }
  });
});
