import { readFileSync } from 'node:fs';
import type {
  KubernetesObject,
  V1Deployment,
  V1Ingress,
  V1Pod,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import { expect } from 'chai';
import { loadAll } from 'js-yaml';
import { ensureAddon, removeAddon } from '../scripts/cluster/addons/ensure.ts';
import { progressTo } from '../scripts/cluster/progress.ts';
import { readPage } from '../scripts/docs/pages.ts';
import { eventually } from './harness/eventually.ts';
import { askHost, type Load, loadHost } from './harness/ingress-client.ts';
import { provisioned } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { WORKLOADS } from './harness/workloads.ts';

const PAGE = 'docs/ingress-and-scaling.md';
const PUBLISHED = 'e2e/fixtures/article/application.yaml';
const CLIENTS = 4;
const ADDONS = ['ingress', 'metrics-server'] as const;

/** What people read about KWasm ends with a Deployment, a Service, an Ingress and an autoscaler. They are taken, and work. */
describe("the article's application", function () {
  this.timeout(600_000);
  let test: TestCluster;
  let examples: readonly KubernetesObject[];
  let address: string;
  let load: Load | undefined;
  const progress = progressTo((line) => console.error(line));

  before(async () => {
    test = await testCluster();
    examples = objectsOf(PAGE, test.images.demo);
    const node = test.nodes[0]?.name ?? '';
    const classes = [
      { name: 'wasmtime', handler: 'wasmtime' },
      { name: 'wasmtime-spin-v2', handler: 'spin' },
    ].flatMap(({ name, handler }, at) => [
      `kwasmOperator.runtimeClasses[${at}].name=${name}`,
      `kwasmOperator.runtimeClasses[${at}].handler=${handler}`,
    ]);
    await installRelease(test, ['wasmModules.enabled=true', ...classes]);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    for (const name of ADDONS) await ensureAddon(test.cluster, name, { progress });
    await provisioned(test.kubectl, node);
    // All at once: each application compiles its component for half a minute.
    await test.kubectl.apply(...examples);
  });

  after(async () => {
    await load?.stop();
    await remove(...examples, ...published());
    await eventually('no pod of an application', 120_000, async (seen) => {
      const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS]);
      seen(items.map(({ metadata }) => metadata?.name).join());
      return items.length === 0 ? true : undefined;
    });
    for (const name of ADDONS) await removeAddon(test.cluster, name, { progress });
    await removeRelease(test);
    // Classes outlive a release, for the pods that use them.
    await test.kubectl.run(['delete', 'runtimeclass', 'wasmtime-spin-v2', '--ignore-not-found']);
    await test.kubectl.run(['delete', 'crd', 'wasmmodules.wasm.serving.knative.dev', '--wait=true', '--timeout=60s']);
  });

  async function remove(...objects: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await test.kubectl.run(['delete', '-f', '-', '--ignore-not-found', '--timeout=60s'], list);
  }

  async function scaler(name: string): Promise<V2HorizontalPodAutoscaler> {
    return await test.kubectl.get<V2HorizontalPodAutoscaler>(['hpa', '-n', WORKLOADS, name]);
  }

  /** Waits until the autoscaler of `name` has a figure, and that figure is one of a process that did something. */
  async function cpuPercent(name: string): Promise<number> {
    return await eventually(`the autoscaler ${name} knows the processor's use`, 180_000, async (seen) => {
      const { status } = await scaler(name);
      seen(JSON.stringify(status?.conditions?.map(({ reason, message }) => `${reason}: ${message}`)));
      const current = status?.currentMetrics?.find(({ resource }) => resource?.name === 'cpu')?.resource?.current;
      return current?.averageValue === undefined || current.averageValue === '0'
        ? undefined
        : current.averageUtilization;
    });
  }

  async function addressOf(name: string): Promise<string> {
    return await eventually(`the Ingress ${name} has an address`, 60_000, async (seen) => {
      const { status } = await test.kubectl.get<V1Ingress>(['ingress', '-n', WORKLOADS, name]);
      seen(JSON.stringify(status));
      return status?.loadBalancer?.ingress?.[0]?.ip;
    });
  }

  async function answers(host: string): Promise<unknown> {
    return await eventually(`${host} answers`, 240_000, async (seen) => {
      const { status, body } = await askHost(address, host, '/path');
      seen(`HTTP ${status}: ${body.slice(0, 200)}`);
      return status === 200 ? (JSON.parse(body) as unknown) : undefined;
    });
  }

  async function readyReplicas(): Promise<number> {
    const { status } = await test.kubectl.get<V1Deployment>(['deployment', '-n', WORKLOADS, 'hello']);
    return status?.readyReplicas ?? 0;
  }

  it('is accepted as it was published, and waits for a node that has its runtime', async () => {
    const file = readFileSync(PUBLISHED, 'utf8');
    await test.kubectl.run(['apply', '--validate=strict', '-n', WORKLOADS, '-f', '-'], file);
    // Ends with 1 where the API server has anything otherwise than the file says it.
    await test.kubectl.run(['diff', '-n', WORKLOADS, '-f', '-'], file);
    const pods = await eventually('its pods wait for a node', 60_000, async (seen) => {
      const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', 'app=wasm-spin']);
      seen(JSON.stringify(items.map(({ status }) => status)));
      const waiting = items.filter(({ status }) =>
        status?.conditions?.some(({ message }) => message?.includes('node affinity/selector')),
      );
      return waiting.length === 3 ? waiting : undefined;
    });
    for (const { spec } of pods) expect(spec?.runtimeClassName).to.equal('wasmtime-spin-v2');
    await remove(...published());
  });

  it('answers on the bundled shim, through the Ingress controller, under its host name and no other', async () => {
    address = await addressOf('hello');
    expect(await answers('hello.example.com')).to.include({ hello: 'from a WebAssembly component', path: '/path' });
    expect((await askHost(address, 'another.example.com')).status).to.equal(404);
  });

  it('so does a WasmModule with an ingress-host; its autoscaler has a real figure, too', async () => {
    expect(await answers('shop.example.com')).to.include({ hello: 'from a WebAssembly component', path: '/path' });
    expect(await addressOf('shop')).to.equal(address);
    expect(await cpuPercent('shop')).to.be.a('number');
    expect((await scaler('shop')).spec.maxReplicas).to.equal(3);
  });

  it('is scaled up by the processor it uses, and down again, without a request lost on the way up', async () => {
    await cpuPercent('hello');
    expect(await readyReplicas()).to.equal(1);
    load = loadHost(address, 'hello.example.com', CLIENTS);
    await eventually('a second pod is ready', 420_000, async (seen) => {
      const { status } = await scaler('hello');
      const ready = await readyReplicas();
      const usage = status?.currentMetrics?.[0]?.resource?.current.averageUtilization;
      seen(`${ready} ready, ${status?.desiredReplicas} wanted at ${usage}%`);
      return ready >= 2 ? ready : undefined;
    });
    const pods = new Set<string>();
    await eventually('two pods answer', 60_000, async (seen) => {
      const { body } = await askHost(address, 'hello.example.com');
      pods.add((JSON.parse(body) as { readonly pod: string }).pod);
      seen([...pods].join());
      return pods.size >= 2 ? true : undefined;
    });
    const { answered, failed } = await load.stop();
    expect(answered).to.be.greaterThan(100);
    expect(failed).to.deep.equal([]);
    await eventually('one pod is left', 120_000, async (seen) => {
      const { status } = await scaler('hello');
      const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', 'app=hello']);
      seen(`${items.length} pods, ${status?.desiredReplicas} wanted`);
      return items.length === 1 && status?.desiredReplicas === 1 ? true : undefined;
    });
    expect(await answers('hello.example.com')).to.include({ path: '/path' });
  });

  it('leaves no add-on behind', async () => {
    for (const name of ADDONS) await removeAddon(test.cluster, name, { progress });
    const left = await test.kubectl.run([
      ...['get', 'all,clusterroles,clusterrolebindings,rolebindings,ingressclasses,apiservices,namespaces'],
      ...['-A', '-o', 'name'],
    ]);
    expect(left.split('\n').filter((line) => /traefik|kube-ingress|metrics/.test(line))).to.deep.equal([]);
  });
});

function published(): readonly object[] {
  return loadAll(readFileSync(PUBLISHED, 'utf8')) as object[];
}

/** What the page says to apply, with the image of this run. */
function objectsOf(page: string, image: string): readonly KubernetesObject[] {
  const { blocks } = readPage(page, readFileSync(page, 'utf8'));
  const yaml = blocks.filter(({ language }) => language === 'yaml');
  return yaml.flatMap(({ text }) => loadAll(text.replaceAll(/image: .*/g, `image: ${image}`)) as KubernetesObject[]);
}
