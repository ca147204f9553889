import type { V1Deployment, V1Pod, V1Service } from '@kubernetes/client-node';
import { expect } from 'chai';
import { ensureAddon, removeAddon } from '../../scripts/cluster/addons/ensure.ts';
import { KNATIVE_NAMESPACE } from '../../scripts/cluster/addons/knative.ts';
import { PROXY } from '../../scripts/cluster/addons/knative-ingress.ts';
import { hostsToml } from '../../scripts/cluster/local/containerd-config.ts';
import { progressTo } from '../../scripts/cluster/progress.ts';
import { changedImage } from '../harness/changed-image.ts';
import { eventually } from '../harness/eventually.ts';
import { askHost } from '../harness/ingress-client.ts';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { HELLO, WORKLOADS } from '../harness/workloads.ts';

const KSVC = 'services.serving.knative.dev';
const SERVICE_LABEL = 'serving.knative.dev/service';
const HOST = `first.${WORKLOADS}.example.com`;
/** Its runner is published where nobody here may pull from: the node takes a program of ours for it, that answers as it should. */
const RUNNER_REGISTRY = 'ghcr.io';
const RUNNER = 'cardil/knative-serving-wasm/runner:latest';
const ANSWERS = `process.on('SIGTERM', () => process.exit()); require('node:http').createServer((_, answer) => answer.end('by their runner\\n')).listen(process.env.PORT)`;

interface Conditioned {
  readonly metadata: { readonly uid: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
    readonly address?: { readonly url?: string };
  };
}

/**
 * A cluster in which Knative Serving and knative-serving-wasm's controller serve WasmModules already, and the way from there to here and
 * back: each of the two controllers is the real one.
 */
describe('WasmModules, from knative-serving-wasm to here and back', function () {
  this.timeout(900_000);
  let test: TestCluster;
  let node: string;
  let proxy: string;
  const progress = progressTo((line) => console.error(line));

  before(async () => {
    test = await testCluster();
    node = test.nodes[0]?.name ?? '';
    const { registry: prefix, operator } = test.images;
    const registry = prefix.split('/')[0] ?? '';
    await changedImage(operator, `${registry}/${RUNNER}`, { command: ['/usr/local/bin/node', '-e', ANSWERS] });
    await test.exec(node)(['mkdir', '-p', `/etc/containerd/certs.d/${RUNNER_REGISTRY}`]);
    const hosts = hostsToml(registry);
    const file = `/etc/containerd/certs.d/${RUNNER_REGISTRY}/hosts.toml`;
    await test.exec(node)(['sh', '-c', `printf %s '${hosts}' > ${file}`]);
    await ensureAddon(test.cluster, 'knative', { progress });
    // Its tags are looked up by Knative's controller, which asks no node.
    const skip = JSON.stringify({ data: { 'registries-skipping-tag-resolving': RUNNER_REGISTRY } });
    await test.kubectl.run([
      ...['patch', 'configmap', 'config-deployment', '-n', KNATIVE_NAMESPACE],
      ...['--type=merge', '-p', skip],
    ]);
    await ensureAddon(test.cluster, 'knative-serving-wasm', { progress });
    const { items } = await test.kubectl.get<{ items: V1Pod[] }>([
      ...['pods', '-n', KNATIVE_NAMESPACE, '-l', `app.kubernetes.io/name=${PROXY}`],
    ]);
    proxy = `${items[0]?.status?.podIP}:8000`;
  });

  after(async () => {
    await test.kubectl.run(['delete', 'wasmmodules', '-n', WORKLOADS, '--all', '--timeout=90s']);
    await eventually('no pod of a module', 180_000, async (seen) => {
      const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', SERVICE_LABEL]);
      seen(items.map(({ metadata }) => metadata?.name).join());
      return items.length === 0 ? true : undefined;
    });
    await removeAddon(test.cluster, 'knative-serving-wasm', { progress });
    await removeAddon(test.cluster, 'knative', { progress });
    await test.exec(node)(['rm', '-rf', `/etc/containerd/certs.d/${RUNNER_REGISTRY}`]);
    await removeRelease(test);
  });

  async function module(): Promise<Conditioned> {
    return await test.kubectl.get<Conditioned>(['wasmmodule', '-n', WORKLOADS, 'first']);
  }

  async function ready(reason: string | undefined, status: string): Promise<Conditioned> {
    return await eventually(`Ready ${status} ${reason}`, 240_000, async (seen) => {
      const found = await module();
      const condition = found.status?.conditions?.find(({ type }) => type === 'Ready');
      seen(JSON.stringify(found.status));
      return condition?.status === status && condition.reason === reason ? found : undefined;
    });
  }

  /** What of these is the module's own, which is what is made here. */
  async function madeHere(): Promise<readonly string[]> {
    const { uid } = (await module()).metadata;
    const { items } = await test.kubectl.get<{ items: (V1Deployment | V1Service)[] }>([
      ...['deployments,services,networkpolicies,ingresses,hpa', '-n', WORKLOADS],
    ]);
    const own = items.filter(({ metadata }) => metadata?.ownerReferences?.some((owner) => owner.uid === uid));
    return own.map(({ kind, metadata }) => `${kind} ${metadata?.name}`).sort();
  }

  /** Knative's ingress hears of a new revision a moment after the Service is ready. */
  async function answersByTheirs(): Promise<void> {
    await eventually('their runner answers', 60_000, async (seen) => {
      const { status, body } = await askHost(proxy, HOST, '/', 30_000);
      seen(`HTTP ${status}: ${body}`);
      return status === 200 && body === 'by their runner\n' ? true : undefined;
    });
  }

  const knativeService = async () =>
    await test.kubectl.run(['get', KSVC, '-n', WORKLOADS, 'first', '--ignore-not-found', '-o', 'name']);

  const scale = async (replicas: number) => {
    await test.kubectl.run(['scale', 'deployment', 'controller', '-n', 'knative-wasm', `--replicas=${replicas}`]);
    await test.kubectl.run(['rollout', 'status', 'deployment/controller', '-n', 'knative-wasm', '--timeout=120s']);
  };

  it('is switched on beside the other controller, and leaves it what is its own', async () => {
    await test.kubectl.apply({
      apiVersion: 'wasm.serving.knative.dev/v1alpha1',
      kind: 'WasmModule',
      metadata: { name: 'first', namespace: WORKLOADS, annotations: { 'kwasm.sh/ingress-host': 'first.example' } },
      spec: { image: test.fixtures.http },
    });
    await ready(undefined, 'True');
    await answersByTheirs();
    await installRelease(test, ['wasmModules.enabled=true', 'wasmModules.crd=false']);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, node);
    expect(await madeHere()).to.deep.equal([]);
    const { status } = await ready(undefined, 'True');
    expect(status?.address?.url).to.equal(`http://${HOST}`);
    await answersByTheirs();
  });

  it('has a module served here once its Knative Service is deleted, with the other controller stopped', async () => {
    await scale(0);
    await answersByTheirs();
    await test.kubectl.run(['delete', KSVC, '-n', WORKLOADS, 'first', '--timeout=60s']);
    const { status } = await ready('Serving', 'True');
    expect(status?.address?.url).to.equal(`http://first.${WORKLOADS}.svc.cluster.local`);
    const all = ['Deployment first', 'Ingress first', 'NetworkPolicy first', 'Service first'];
    expect(await madeHere()).to.deep.equal(all);
    const path = `/api/v1/namespaces/${WORKLOADS}/services/first:http/proxy/`;
    expect((await test.kubectl.run(['get', '--raw', path])).trim()).to.equal(HELLO.trim());
  });

  it('gives way to the other controller when that comes back, so that one of the two serves', async () => {
    await scale(1);
    await eventually('nothing of ours is left', 120_000, async (seen) => {
      const left = await madeHere();
      seen(left.join());
      return left.length === 0 ? true : undefined;
    });
    const { status } = await ready(undefined, 'True');
    expect(status?.address?.url).to.equal(`http://${HOST}`);
    await answersByTheirs();
  });

  it('says that a module was left, and how it comes here, where the other controller tells nothing', async () => {
    await scale(0);
    const patch = JSON.stringify({ status: { conditions: [] } });
    await test.kubectl.run([
      ...['patch', 'wasmmodule', '-n', WORKLOADS, 'first', '--subresource=status', '--type=merge', '-p', patch],
    ]);
    const found = await ready('LeftToKnative', 'Unknown');
    const told = JSON.stringify(found.status);
    expect(told).to.contain(`kubectl delete ${KSVC} first -n ${WORKLOADS}`);
    expect(await knativeService()).to.contain('first');
    expect(await madeHere()).to.deep.equal([]);
  });
});
