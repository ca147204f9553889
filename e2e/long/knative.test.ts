import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { ensureAddon, removeAddon } from '../../scripts/cluster/addons/ensure.ts';
import { KNATIVE_NAMESPACE } from '../../scripts/cluster/addons/knative.ts';
import { PROXY } from '../../scripts/cluster/addons/knative-ingress.ts';
import { progressTo } from '../../scripts/cluster/progress.ts';
import { root } from '../../scripts/testing/mocha.ts';
import { EXIT } from '../../src/cli/exit.ts';
import { bundledKwasm, type Kwasm, type Said } from '../harness/cli.ts';
import { eventually } from '../harness/eventually.ts';
import { askHost } from '../harness/ingress-client.ts';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

const FEATURE = 'kubernetes.podspec-runtimeclassname';
const KSVC = 'services.serving.knative.dev';
const HOST = `hello.${WORKLOADS}.example.com`;

/** Knative Serving itself runs functions on the nodes that were provisioned: its queue-proxy and the component in one pod, under our RuntimeClass. */
describe('kwasm func deploy --deployer knative, with Knative Serving', function () {
  this.timeout(900_000);
  let test: TestCluster;
  let kwasm: Kwasm;
  let proxy: string;
  const progress = progressTo((line) => console.error(line));

  before(async () => {
    test = await testCluster();
    kwasm = await bundledKwasm(test);
    const node = test.nodes[0]?.name ?? '';
    await installRelease(test);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, node);
    await kwasm.run('func', 'create', '-l', 'js-wasi', 'hello');
    symlinkSync(join(root, 'node_modules'), join(kwasm.directory, 'hello/node_modules'));
  });

  after(async () => {
    if ((await test.kubectl.run(['get', 'crd', KSVC, '--ignore-not-found'])) !== '')
      await test.kubectl.run(['delete', KSVC, '-n', WORKLOADS, '--all', '--timeout=90s']);
    await gone('no pod of it');
    await removeAddon(test.cluster, 'knative', { progress });
    await removeRelease(test);
    kwasm.remove();
  });

  async function pods(namespace: string, selector: string): Promise<readonly V1Pod[]> {
    return (await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', namespace, '-l', selector])).items;
  }
  const ofHello = async () => await pods(WORKLOADS, 'serving.knative.dev/service=hello');

  async function gone(what: string): Promise<void> {
    await eventually(what, 180_000, async (seen) => {
      const left = await ofHello();
      seen(left.map(({ metadata }) => metadata?.name).join());
      return left.length === 0 ? true : undefined;
    });
  }

  const deploy = async (...more: readonly string[]): Promise<Said> => {
    const host = test.images.registry.split('/')[0] ?? '';
    const registry = ['--registry', test.images.registry, '--plain-http', host, '--timeout', '3m'];
    return await kwasm.run('func', 'deploy', '--path', 'hello', '--deployer', 'knative', ...registry, ...more);
  };

  it('says what is missing where Knative is not there', async () => {
    const said = await deploy();
    expect(said.exitCode, said.err).to.equal(EXIT.notFound);
    expect(said.err).to.contain('Knative Serving is not in this cluster').and.to.contain('--deployer wasm');
    await ensureAddon(test.cluster, 'knative', { progress });
    const [pod] = await pods(KNATIVE_NAMESPACE, `app.kubernetes.io/name=${PROXY}`);
    proxy = `${pod?.status?.podIP}:8000`;
  });

  it("says before it builds that Knative's webhook takes no RuntimeClass, and how that is switched on", async () => {
    const said = await deploy();
    expect(said.exitCode, said.err).to.equal(EXIT.unfit);
    expect(said.err).to.contain(`its feature ${FEATURE} is off`).and.not.contain('building');
    const command = /kubectl (patch configmap .*'\{.*?\}');/.exec(said.err)?.[1] ?? '';
    const args = command.split(' ').map((word) => word.replace(/^'|'$/g, ''));
    await test.kubectl.run(args);
  });

  it('ends in time with the command that shows more, where it does not become ready', async () => {
    const said = await eventually('the webhook has heard of it', 60_000, async (seen) => {
      const tried = await deploy('--timeout', '1s', '-e', 'GREETING=hello');
      seen(tried.err);
      return tried.err.includes(FEATURE) ? undefined : tried;
    });
    expect(said.exitCode, said.err).to.equal(EXIT.timeout);
    expect(said.err).to.contain('run: kubectl describe ksvc/hello -n default');
  });

  it('becomes a revision that is ready, and answers under its host', async () => {
    const said = await deploy();
    expect(said.exitCode, said.err).to.equal(EXIT.ok);
    expect(said.out).to.equal(`http://${HOST}`);
    const [pod] = await ofHello();
    expect(pod?.spec?.runtimeClassName).to.equal('wasmtime');
    expect(pod?.spec?.containers.map(({ name }) => name)).to.deep.equal(['user-container', 'queue-proxy']);
    const env = pod?.spec?.containers[0]?.env ?? [];
    expect(env)
      .to.deep.include({ name: 'GREETING', value: 'hello' })
      .and.to.deep.include({ name: 'WASI_CONFIG', value: '{}' });
    const body = 'Hello from WASI! Path: /shop\n';
    expect(await askHost(proxy, HOST, '/shop', 60_000)).to.deep.equal({ status: 200, body });
  });

  it('is scaled to zero when nobody asks, and back by the first who does', async () => {
    await gone('it is scaled to zero');
    expect(await askHost(proxy, HOST, '/', 60_000)).to.deep.include({ status: 200 });
    expect(await ofHello()).to.have.length(1);
    expect((await kwasm.run('func', 'list')).out).to.match(/^hello +default +js-wasi +knative +http:\S+ +True$/m);
  });

  it('goes with all that Knative made of it', async () => {
    const said = await kwasm.run('func', 'delete', 'hello');
    expect(said.out, said.err).to.contain('deleted Service hello');
    await gone('no pod is left');
  });
});
