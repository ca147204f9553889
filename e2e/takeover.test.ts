import type { V1Deployment } from '@kubernetes/client-node';
import { expect } from 'chai';
import { helmProgram } from '../scripts/chart/helm.ts';
import { command } from '../scripts/cluster/command.ts';
import { type GoTool, helm, helm3 } from '../scripts/cluster/go-tools.ts';
import { progressTo } from '../scripts/cluster/progress.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { RELEASE } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

const OLD_CHART = new URL('./fixtures/kwasm-0.2.3', import.meta.url).pathname;
const CHART = new URL('../helm/kwasm-operator', import.meta.url).pathname;
const HELM_TIMEOUT_MS = 240_000;

/**
 * A release of KWasm's chart 0.2.3 is upgraded in place with the values it had. Its operator's image is gone from the
 * world of this test, so it never starts: what is shown is the upgrade of the objects, by each Helm over each Helm,
 * because Helm 4 applies on the server what Helm 3 patches.
 */
describe('a release of KWasm 0.2.3', function () {
  this.timeout(600_000);
  let test: TestCluster;
  const programs = new Map<GoTool, string>();

  before(async function () {
    this.timeout(20 * 60_000);
    test = await testCluster();
    const progress = progressTo((line) => console.error(line));
    for (const tool of [helm, helm3]) programs.set(tool, await helmProgram(progress, tool));
  });

  afterEach(async () => {
    await run(helm, ['uninstall', RELEASE, '--namespace', NAMESPACE, '--ignore-not-found', '--wait', '--timeout=120s']);
    await test.kubectl.run(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=true', '--timeout=120s']);
    await test.kubectl.run(['delete', 'runtimeclass', 'wasmtime', '--ignore-not-found']);
  });

  for (const [first, then] of [
    [helm3, helm3],
    [helm3, helm],
    [helm, helm],
  ] as const) {
    it(`installed by Helm ${first.version} is taken over by Helm ${then.version}, and proves itself`, async () => {
      await run(first, ['install', RELEASE, OLD_CHART, '--namespace', NAMESPACE, '--create-namespace']);
      const before = await deployment();
      const reuse = ['upgrade', RELEASE, CHART, '--namespace', NAMESPACE, '--reuse-values'];
      const ours = ['--set', `imageRegistry=${test.images.registry}`, '--set', `image.tag=${test.images.tag}`];
      const notes = await run(then, [...reuse, ...ours, '--wait', '--timeout=180s']);
      expect(notes).to.match(/image\.repository.*named software that is archived/);
      const after = await deployment();
      expect(after.metadata?.uid, 'the same object, changed').to.equal(before.metadata?.uid);
      expect(after.status?.availableReplicas).to.equal(1);
      const { type, rollingUpdate } = after.spec?.strategy ?? {};
      expect(type === 'Recreate' || rollingUpdate?.maxSurge === 0, 'the old pod ends first').to.equal(true);
      const image = `${test.images.registry}/kwasm-operator:${test.images.tag}`;
      expect(after.spec?.template.spec?.containers[0]?.image).to.equal(image);
      const tested = await run(then, ['test', RELEASE, '--namespace', NAMESPACE, '--timeout=180s']);
      expect(tested).to.match(/Phase:\s+Succeeded/);
    });
  }

  it('is not upgraded without a registry, and the sentence says what to do', async () => {
    await run(helm, ['install', RELEASE, OLD_CHART, '--namespace', NAMESPACE, '--create-namespace']);
    const upgrade = run(helm, ['upgrade', RELEASE, CHART, '--namespace', NAMESPACE, '--reuse-values']);
    const complaint = await upgrade.then(
      () => 'upgraded',
      (error: unknown) => String(error),
    );
    expect(complaint).to.contain('npm run images -- --push REGISTRY');
    expect((await deployment()).metadata?.labels?.['helm.sh/chart']).to.equal('kwasm-operator-0.2.3');
  });

  function run(tool: GoTool, args: readonly string[]): Promise<string> {
    const program = programs.get(tool);
    if (program === undefined) throw new Error(`Helm ${tool.version} was not built`);
    return command(program, ['--kubeconfig', test.cluster.kubeconfig, ...args], { timeoutMs: HELM_TIMEOUT_MS });
  }

  function deployment(): Promise<V1Deployment> {
    return test.kubectl.get<V1Deployment>(['deployment', RELEASE, '--namespace', NAMESPACE]);
  }
});
