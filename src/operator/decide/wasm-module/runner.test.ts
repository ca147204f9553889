import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { decideModule, type ModuleFacts } from './decide.ts';
import { objectsOf } from './objects.ts';
import { projectModule } from './parse.ts';
import { projectModulePod, projectWorkload } from './project.ts';
import { COMPILE, PULL, pullEgress, pullSecretsIn } from './runner-pod.ts';
import type { Trouble } from './view.ts';

const IMAGE = 'registry.example:5000/hello@sha256:00';
const runner = { image: 'registry.example/kwasm-runner:1', insecureRegistries: ['registry.example:5000'] };
const shimOnly = { runtimeClass: 'wasmtime', clusterDomain: 'cluster.local' };
const policy = { ...shimOnly, runner };
const refused: Trouble = {
  container: 'user-container',
  image: IMAGE,
  reason: 'CreateContainerError',
  message: 'failed to create containerd container: no command specified',
  restarts: 0,
};

const module = (annotations: Readonly<Record<string, string>> = {}) =>
  projectModule({
    metadata: { name: 'hello', namespace: 'shop', uid: 'u1', generation: 3, annotations },
    spec: { image: IMAGE, env: [{ name: 'PORT', value: '1' }], resources: { limits: { memory: '64Mi' } } },
  });

function decided(given: Partial<ModuleFacts>, by = policy) {
  const facts: ModuleFacts = { module: module(), workload: undefined, trouble: undefined, knative: 'none', ...given };
  const actions = decideModule(facts, by);
  const applied = actions.find(({ kind }) => kind === 'apply');
  const status = actions.find(({ kind }) => kind === 'status');
  return {
    deployment: applied?.kind === 'apply' ? applied.objects.deployment : undefined,
    ready: status?.kind === 'status' ? status.ready : undefined,
  };
}

function made(annotations: Readonly<Record<string, string>> = {}) {
  const view = module(annotations);
  if (view.spec.kind === 'invalid') throw new Error(view.spec.problems.join());
  return objectsOf(view, view.spec.spec, policy, { ...runner, pullSecrets: view.pullSecrets });
}

/** The Deployment that was made, as the API server has it. */
function workloadOf({ deployment }: { readonly deployment: ReturnType<typeof made>['deployment'] | undefined }) {
  return projectWorkload({ ...deployment, status: { observedGeneration: 1, updatedReplicas: 1 } });
}

describe('a module for the runner', () => {
  it('begins as its own image, is served by the runner once a node has refused that, and stays so', () => {
    const first = decided({});
    expect(first.deployment?.spec?.template.spec?.runtimeClassName).to.equal('wasmtime');
    const workload = workloadOf(first);
    const second = decided({ workload, trouble: refused });
    expect(second.deployment?.spec?.template.spec).to.not.have.property('runtimeClassName');
    expect(second.ready).to.include({ status: 'Unknown', reason: 'Deploying' });
    const third = decided({ workload: workloadOf(second), trouble: undefined });
    expect(third.deployment).to.equal(undefined);
  });

  it('is refused as before where there is no runner, and says how it would be served', () => {
    const { deployment, ready } = decided(
      { workload: workloadOf(decided({})), trouble: refused },
      shimOnly as typeof policy,
    );
    expect(deployment).to.equal(undefined);
    expect(ready).to.include({ reason: 'PureArtifact' });
    expect(ready?.message).to.contain('wasmModules.runner.enabled');
  });

  it('is not for an image because of what a pod of another image had', () => {
    const trouble = { ...refused, image: 'registry.example/other:1' };
    expect(decided({ workload: workloadOf(decided({})), trouble }).deployment).to.equal(undefined);
  });

  it('lets only the fetching container see secrets, and the serving one write nothing', () => {
    const pod = made({ 'kwasm.sh/image-pull-secrets': 'one,two' }).deployment.spec?.template.spec;
    const [pull, compile] = pod?.initContainers ?? [];
    const serve = pod?.containers[0];
    const mounts = (container: typeof serve) =>
      container?.volumeMounts?.map(({ name, readOnly }) => [name, readOnly === true]);
    expect(mounts(pull)).to.deep.equal([
      ['kwasm-module', false],
      ['kwasm-pull-secrets', true],
    ]);
    expect(mounts(compile)).to.deep.equal([['kwasm-module', false]]);
    expect(mounts(serve)).to.deep.equal([['kwasm-module', true]]);
    const secrets = pod?.volumes?.find(({ name }) => name === 'kwasm-pull-secrets')?.projected?.sources;
    expect(secrets?.map(({ secret }) => [secret?.name, secret?.items?.[0]?.path])).to.deep.equal([
      ['one', '0/config.json'],
      ['two', '1/config.json'],
    ]);
    expect(pull?.env).to.deep.include({ name: 'IMAGE', value: IMAGE });
    expect(pull?.env).to.deep.include({ name: 'INSECURE_REGISTRIES', value: 'registry.example:5000' });
  });

  describe('pulls with the secrets of its service account, as the kubelet does', () => {
    const workload = () => workloadOf(decided({}));
    const secretsOf = ({ deployment }: ReturnType<typeof decided>) =>
      pullSecretsIn(deployment?.spec?.template.spec?.volumes);
    const servedWith = (podSecrets: readonly string[] | undefined, more: Partial<ModuleFacts> = {}) =>
      decided({ workload: workload(), trouble: refused, podSecrets, ...more });

    it('by the names that the API server has written into the pod that was refused', () => {
      const { imagePullSecrets } = { imagePullSecrets: [{ name: 'of-the-account' }, {}] };
      const pod = projectModulePod({ metadata: {}, spec: { containers: [], imagePullSecrets } });
      expect(secretsOf(servedWith(pod.pullSecrets))).to.deep.equal(['of-the-account']);
    });
    it('without naming them in the pods that it makes, or a change of the account would never be seen', () => {
      const { deployment } = servedWith(['of-the-account']);
      expect(deployment?.spec?.template.spec).not.to.have.property('imagePullSecrets');
    });
    it('goes on so while there is no pod, and when its pods say the same', () => {
      const served = workloadOf(servedWith(['of-the-account']));
      for (const podSecrets of [undefined, ['of-the-account']])
        expect(decided({ workload: served, podSecrets }).deployment).to.equal(undefined);
    });
    it('is made anew when a new pod has others', () => {
      const served = workloadOf(servedWith(['of-the-account']));
      expect(secretsOf(decided({ workload: served, podSecrets: ['renewed'] }))).to.deep.equal(['renewed']);
    });
    it("an annotation's names go before them", () => {
      const named = module({ 'kwasm.sh/image-pull-secrets': 'named' });
      expect(secretsOf(servedWith(['of-the-account'], { module: named }))).to.deep.equal(['named']);
    });
  });

  it('has no rights that it does not need', () => {
    const pod = made().deployment.spec?.template.spec;
    expect(pod?.securityContext).to.include({ runAsNonRoot: true });
    expect(pod).to.include({ automountServiceAccountToken: false });
    for (const { name, securityContext, image } of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
      expect(securityContext, name).to.deep.include({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(image).to.equal(runner.image);
    }
  });

  it('is told its port and its policy last, whatever the module says', () => {
    const env = made().deployment.spec?.template.spec?.containers[0]?.env ?? [];
    expect(env.filter(({ name }) => name === 'PORT').at(-1)?.value).to.equal('8080');
    expect(JSON.parse(env.at(-1)?.value ?? '')).to.deep.equal({ limits: { memoryBytes: 32 * 1024 * 1024 } });
  });

  it("may reach the registry through a NetworkPolicy, which is the whole pod's", () => {
    const ports = (image: string) => pullEgress(image).flatMap(({ ports: of }) => of?.map(({ port }) => port) ?? []);
    expect(ports(IMAGE)).to.deep.equal([5000, 443, 53, 53]);
    expect(ports('hello:1')).to.deep.equal([443, 53, 53]);
    expect(pullEgress('10.0.0.7:5000/hello')).to.deep.equal([
      { ports: [{ protocol: 'TCP', port: 5000 }], to: [{ ipBlock: { cidr: '10.0.0.7/32' } }] },
    ]);
    expect(made().networkPolicy.spec?.egress).to.have.length(2);
  });
});

describe('a pod of the runner that does not start', () => {
  const failed = { exitCode: 1, reason: 'Error', message: 'kwasm-runner: not a component; build for wasm32-wasip2\n' };
  const waiting = (name: string): V1ContainerStatus => ({
    ...{ name, image: '', imageID: '', ready: false, restartCount: 0 },
    state: { waiting: { reason: 'PodInitializing' } },
  });
  const podOf = (init: readonly V1ContainerStatus[]): V1Pod => ({
    metadata: { name: 'hello-1', namespace: 'shop' },
    status: { initContainerStatuses: [...init], containerStatuses: [waiting('user-container')] },
  });

  for (const [when, state] of [
    ['at once', { state: { terminated: failed } }],
    [
      'between its restarts',
      {
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
        lastState: { terminated: failed },
      },
    ],
  ] as const) {
    it(`says what its first failing container said, ${when}`, () => {
      const { trouble } = projectModulePod(podOf([{ ...waiting(COMPILE), ...state }]));
      const { ready } = decided({ workload: workloadOf({ deployment: made().deployment }), trouble });
      expect(ready).to.include({ status: 'False', reason: 'NotServable' });
      expect(ready?.message).to.contain('not a component; build for wasm32-wasip2');
    });
  }

  it('says that it could not pull', () => {
    const { trouble } = projectModulePod(
      podOf([{ ...waiting(PULL), state: { terminated: { ...failed, message: 'HTTP 401' } } }, waiting(COMPILE)]),
    );
    const { ready } = decided({ workload: workloadOf({ deployment: made().deployment }), trouble });
    expect(ready).to.include({ status: 'False', reason: 'PullFailed' });
  });

  it('waits while it fetches', () => {
    const running = { ...waiting(PULL), state: { running: {} } };
    const { trouble } = projectModulePod(podOf([running, waiting(COMPILE)]));
    const { ready } = decided({ workload: workloadOf({ deployment: made().deployment }), trouble });
    expect(ready).to.include({ reason: 'Deploying' });
  });
});
