import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  V1Deployment,
  V1Ingress,
  V1NetworkPolicy,
  V1Pod,
  V1Service,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import { expect } from 'chai';
import { hostsToml } from '../scripts/cluster/local/containerd-config.ts';
import { textComponent } from '../scripts/images/component.ts';
import { accessFrom } from '../src/oci/access.ts';
import { registrySettings } from '../src/oci/endpoint.ts';
import { pushModule } from '../src/oci/push.ts';
import { eventually } from './harness/eventually.ts';
import { provisioned } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { HELLO, WORKLOADS } from './harness/workloads.ts';
import { type RegistryProcess, startRegistry } from './peers/registry-process.ts';

interface Module {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly status: string; readonly reason: string; readonly message: string }[];
    readonly address?: { readonly url?: string };
  };
}

const SERVICE_LABEL = 'serving.knative.dev/service';
/** Who is let into the registry that asks: a user and password, and what it keeps of them. */
const USER = { plain: 'story:story', kept: 'story:$2b$04$wmtyr1WKUdJYZC27.tRZEurQldLE7.cfYQhD3oPA2rhzR8GMx2VlW' };
const SECRET = 'of-the-account';

/** A WasmModule becomes something that answers, says where, and says why when it does not. */
describe('a WasmModule', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let node: string;
  let asking: RegistryProcess;

  before(async () => {
    test = await testCluster();
    node = test.nodes[0]?.name ?? '';
    asking = await startRegistry({ address: test.images.registry.split(':')[0] ?? '', user: USER.kept });
    await installRelease(test, ['wasmModules.enabled=true']);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, node);
  });

  after(async () => {
    await test.kubectl.run(['delete', 'wasmmodules', '-n', WORKLOADS, '--all', '--wait=true', '--timeout=90s']);
    await test.kubectl.run(['delete', 'deployment', '-n', WORKLOADS, 'taken', '--ignore-not-found']);
    await test.kubectl.run(['delete', 'secret', '-n', WORKLOADS, SECRET, '--ignore-not-found']);
    await accountSecrets(null);
    await test.exec(node)(['rm', '-rf', `/etc/containerd/certs.d/${asking.host}`]);
    await asking.stop();
    await eventually('no pod of a module', 120_000, async (seen) => {
      const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', SERVICE_LABEL]);
      seen(items.map(({ metadata }) => metadata?.name).join());
      return items.length === 0 ? true : undefined;
    });
    await removeRelease(test);
    await test.kubectl.run(['delete', 'crd', 'wasmmodules.wasm.serving.knative.dev', '--wait=true', '--timeout=60s']);
  });

  function module(name: string, spec: object, annotations: Readonly<Record<string, string>> = {}): object {
    return {
      apiVersion: 'wasm.serving.knative.dev/v1alpha1',
      kind: 'WasmModule',
      metadata: { name, namespace: WORKLOADS, labels: { team: 'shop' }, annotations },
      spec,
    };
  }

  async function accountSecrets(secrets: readonly object[] | null): Promise<void> {
    const patch = JSON.stringify({ imagePullSecrets: secrets });
    await test.kubectl.run(['patch', 'serviceaccount', 'default', '-n', WORKLOADS, '--type=merge', '-p', patch]);
  }

  async function ready(name: string, status: string, withinMs = 240_000): Promise<Module> {
    return await eventually(`${name}: Ready ${status}`, withinMs, async (seen) => {
      const found = await test.kubectl.get<Module>(['wasmmodule', '-n', WORKLOADS, name]);
      const condition = found.status?.conditions?.[0];
      seen(JSON.stringify(found.status));
      const current = found.status?.observedGeneration === found.metadata.generation;
      return current && condition?.status === status ? found : undefined;
    });
  }

  async function podOf(name: string): Promise<V1Pod> {
    const selector = `${SERVICE_LABEL}=${name}`;
    const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', selector]);
    const found = items.find(({ status }) => status?.phase === 'Running');
    if (found === undefined) throw new Error(`no pod of ${name} runs`);
    return found;
  }

  it('answers under the address that its status tells', async () => {
    const env = [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
    const resources = { limits: { memory: '512Mi' } };
    await test.kubectl.apply(module('hello', { image: `oci://${test.images.demo}`, env, resources }));
    const { status } = await ready('hello', 'True');
    expect(status?.address?.url).to.equal(`http://hello.${WORKLOADS}.svc.cluster.local`);
    const pod = await podOf('hello');
    const answer = await fetch(`http://${pod.status?.podIP}:8080/path`, { signal: AbortSignal.timeout(30_000) });
    expect(await answer.json()).to.include({ path: '/path', pod: pod.metadata?.name });
    const service = await test.kubectl.get<V1Service>(['service', '-n', WORKLOADS, 'hello']);
    expect(service.metadata?.ownerReferences?.[0]).to.include({ kind: 'WasmModule', name: 'hello' });
    const printed = await test.kubectl.run(['get', 'wasm', '-n', WORKLOADS, 'hello']);
    expect(printed)
      .to.match(/ADDRESS\s+READY\s+REASON/)
      .and.to.match(/hello\.\S+\s+True\s+Serving/);
  });

  it('closes the network for a module of which nothing is said', async () => {
    const { spec } = await test.kubectl.get<V1NetworkPolicy>(['networkpolicy', '-n', WORKLOADS, 'hello']);
    expect(spec)
      .to.deep.include({ policyTypes: ['Egress'] })
      .and.not.have.property('egress');
    const pod = await podOf('hello');
    const config = pod.spec?.containers[0]?.env?.find(({ name }) => name === 'WASI_CONFIG')?.value;
    expect(JSON.parse(config ?? '')).to.deep.equal({ limits: { memoryBytes: 268_435_456 } });
  });

  it('is changed in place: a new version serves before the old one goes, what is asked for no more goes', async () => {
    const more = {
      'kwasm.sh/max-replicas': '3',
      'kwasm.sh/ingress-host': 'hello.example',
      'kwasm.sh/request-seconds': '30',
    };
    await test.kubectl.apply(module('hello', { image: test.fixtures.http }, more));
    await ready('hello', 'True');
    const ingress = await test.kubectl.get<V1Ingress>(['ingress', '-n', WORKLOADS, 'hello']);
    expect(ingress.spec?.rules?.[0]?.host).to.equal('hello.example');
    const scaler = await test.kubectl.get<V2HorizontalPodAutoscaler>(['hpa', '-n', WORKLOADS, 'hello']);
    expect(scaler.spec?.maxReplicas).to.equal(3);
    const deployment = await test.kubectl.get<V1Deployment>(['deployment', '-n', WORKLOADS, 'hello']);
    expect(deployment.spec?.template.spec?.containers[0]?.env?.map(({ name }) => name)).to.deep.equal(['WASI_CONFIG']);
    await test.kubectl.apply(module('hello', { image: test.fixtures.http }));
    await test.kubectl.run([
      'annotate',
      'wasmmodule',
      '-n',
      WORKLOADS,
      'hello',
      ...Object.keys(more).map((key) => `${key}-`),
    ]);
    await eventually('ingress and autoscaler are gone', 60_000, async (seen) => {
      const left = await test.kubectl.run(['get', 'ingress,hpa', '-n', WORKLOADS, '-o', 'name']);
      seen(left);
      return left.trim() === '' ? true : undefined;
    });
  });

  it('is refused by the API server where its schema says so, and by the operator where only it can see it', async () => {
    const refused = async (spec: object) =>
      await test.kubectl.apply(module('wrong', spec)).then(
        () => 'accepted',
        (error: unknown) => String((error as { readonly stderr?: unknown }).stderr ?? error),
      );
    expect(await refused({})).to.contain('"image"');
    expect(await refused({ image: 'a', network: { tcp: { connect: ['db'] } } })).to.contain('spec.network.tcp.connect');
    expect(await refused({ image: 'a', volumeMounts: [{ name: 'v', mountPath: '/v' }] })).to.contain(
      'not among spec.volumes',
    );
    expect(await refused({ image: 'a', env: [{ name: 'WASI_CONFIG', value: '{}' }] })).to.contain(
      'WASI_CONFIG is made of',
    );
    await test.kubectl.apply(module('wrong', { image: test.images.demo }, { 'kwasm.sh/max-replicas': 'many' }));
    const { status } = await ready('wrong', 'False');
    expect(status?.conditions?.[0]).to.include({ reason: 'InvalidSpec' });
    expect(status?.conditions?.[0]?.message).to.contain('max-replicas is many');
  });

  it('says of an artifact without an image that it has to be repacked, and how', async () => {
    const reference = `${test.images.registry}/kwasm-story-artifact:1`;
    const registry = test.images.registry.split('/')[0] ?? '';
    const access = accessFrom({}, registrySettings([registry], []));
    const bytes = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    await pushModule('empty.wasm', bytes, reference, access, { format: 'cncf' });
    await test.kubectl.apply(module('artifact', { image: reference }));
    const { status } = await ready('artifact', 'False');
    expect(status?.conditions?.[0]).to.include({ reason: 'PureArtifact' });
    expect(status?.conditions?.[0]?.message).to.contain('kwasm wasm repack');
  });

  it('serves it as it is by the runner, on any node, where that is enabled', async () => {
    const registry = test.images.registry.split('/')[0] ?? '';
    const runner = [
      'wasmModules.runner.enabled=true',
      `wasmModules.runner.insecureRegistries={${registry},${asking.host}}`,
    ];
    await installRelease(test, ['wasmModules.enabled=true', ...runner]);
    const access = accessFrom({}, registrySettings([registry], []));
    const component = await textComponent(join(import.meta.dirname, 'fixtures/small'));
    const reference = `${test.images.registry}/kwasm-story-pure:1`;
    await pushModule('hello.wasm', component, reference, access, { format: 'cncf' });
    await test.kubectl.apply(module('pure', { image: reference }));
    await ready('pure', 'True');
    const pod = await podOf('pure');
    expect(pod.spec).to.not.have.property('runtimeClassName');
    const answer = await fetch(`http://${pod.status?.podIP}:8080/`, { signal: AbortSignal.timeout(30_000) });
    expect(await answer.text()).to.equal('hello\n');
    const { status } = await eventually('the reason why a core module is not served', 120_000, async (seen) => {
      const found = await ready('artifact', 'False');
      seen(JSON.stringify(found.status));
      return found.status?.conditions?.[0]?.reason === 'NotServable' ? found : undefined;
    });
    expect(status?.conditions?.[0]?.message).to.contain('not a component; build for wasm32-wasip2');
  });

  it('is fetched by the runner with the pull secrets of its service account, where a registry asks who it is', async () => {
    const { host } = asking;
    expect((await fetch(`http://${host}/v2/`)).status).to.equal(401);
    const auths = { auths: { [host]: { auth: Buffer.from(USER.plain).toString('base64') } } };
    const docker = mkdtempSync(join(tmpdir(), 'kwasm-asking-'));
    writeFileSync(join(docker, 'config.json'), JSON.stringify(auths));
    const access = accessFrom({ DOCKER_CONFIG: docker, XDG_CACHE_HOME: docker }, registrySettings([host], []));
    const component = await textComponent(join(import.meta.dirname, 'fixtures/small'));
    await pushModule('hello.wasm', component, `${host}/private:1`, access, { format: 'cncf' });
    rmSync(docker, { recursive: true });
    await test.kubectl.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/dockerconfigjson',
      metadata: { name: SECRET, namespace: WORKLOADS },
      stringData: { '.dockerconfigjson': JSON.stringify(auths) },
    });
    await accountSecrets([{ name: SECRET }]);
    // The node is refused the artifact for what it is only once it may see it.
    await test.exec(node)(['mkdir', '-p', `/etc/containerd/certs.d/${host}`]);
    const write = `printf %s '${hostsToml(host)}' > /etc/containerd/certs.d/${host}/hosts.toml`;
    await test.exec(node)(['sh', '-c', write]);
    await test.kubectl.apply(module('private', { image: `${host}/private:1` }));
    await ready('private', 'True');
    const pod = await podOf('private');
    expect(pod.spec?.initContainers?.map(({ name }) => name)).to.include('kwasm-pull');
    const answer = await fetch(`http://${pod.status?.podIP}:8080/`, { signal: AbortSignal.timeout(30_000) });
    expect(await answer.text()).to.equal(HELLO);
  });

  it('is whole again when somebody has deleted a part of it', async () => {
    const of = async (kind: string) =>
      (await test.kubectl.get<{ metadata?: { uid?: string } }>([kind, '-n', WORKLOADS, 'hello'])).metadata?.uid;
    for (const kind of ['service', 'networkpolicy']) {
      const before = await of(kind);
      await test.kubectl.run(['delete', kind, '-n', WORKLOADS, 'hello', '--timeout=60s']);
      await eventually(`the ${kind} is made again`, 30_000, async () => {
        const now = await of(kind).catch(() => undefined);
        return now !== undefined && now !== before ? true : undefined;
      });
    }
    await ready('hello', 'True');
  });

  it('says what the API server refuses', async () => {
    const resources = { limits: { memory: '64Mi' }, requests: { memory: '1Gi' } };
    await test.kubectl.apply(module('greedy', { image: test.fixtures.http, resources }));
    const { status } = await ready('greedy', 'False');
    expect(status?.conditions?.[0]).to.include({ reason: 'Refused' });
    expect(status?.conditions?.[0]?.message).to.contain('must be less than or equal to memory limit');
    await test.kubectl.apply(module('greedy', { image: test.fixtures.http }));
    await ready('greedy', 'True');
    await test.kubectl.run(['delete', 'wasmmodule', '-n', WORKLOADS, 'greedy', '--timeout=60s']);
  });

  it("leaves somebody else's Deployment alone", async () => {
    const labels = { app: 'taken' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: test.images.demo }] } };
    await test.kubectl.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'taken', namespace: WORKLOADS },
      spec: { replicas: 0, selector: { matchLabels: labels }, template },
    });
    await test.kubectl.apply(module('taken', { image: test.images.demo }));
    const { status } = await ready('taken', 'False');
    expect(status?.conditions?.[0]).to.include({ reason: 'NameTaken' });
    const deployment = await test.kubectl.get<V1Deployment>(['deployment', '-n', WORKLOADS, 'taken']);
    expect(deployment.spec?.replicas).to.equal(0);
  });

  it('takes with it all that was made of it', async () => {
    await test.kubectl.run(['delete', 'wasmmodule', '-n', WORKLOADS, 'hello', '--timeout=60s']);
    await eventually('nothing of it is left', 60_000, async (seen) => {
      const left = await test.kubectl.run([
        'get',
        'deployment,service,networkpolicy',
        '-n',
        WORKLOADS,
        '-l',
        `${SERVICE_LABEL}=hello`,
        '-o',
        'name',
      ]);
      seen(left);
      return left.trim() === '' ? true : undefined;
    });
  });
});
