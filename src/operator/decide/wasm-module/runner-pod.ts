import type {
  V1Container,
  V1NetworkPolicyEgressRule,
  V1PodSpec,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';
import { parsePattern } from '../../../guest-network.ts';
import { commonPod, moduleContainer, PORT } from './pod.ts';
import type { ModuleSpec, ModuleView } from './view.ts';

/** Of a runner's pod, by what may have gone wrong in it. */
export const PULL = 'kwasm-pull';
export const COMPILE = 'kwasm-compile';

/** The image that serves what is nothing but a Wasm artifact, which containerd does not run. */
export interface RunnerPolicy {
  readonly image: string;
  /** Registries that are spoken to without TLS. */
  readonly insecureRegistries: readonly string[];
}

/** The runner for one module. */
export interface Runner extends RunnerPolicy {
  /** Names of Secrets of the module's namespace that its artifact is pulled with. */
  readonly pullSecrets: readonly string[];
}

const MODULE = '/module';
const SECRETS = '/pull-secrets';
const SECRETS_VOLUME = 'kwasm-pull-secrets';
const WASM = `${MODULE}/module.wasm`;
const CODE = `${MODULE}/module.code`;
const NOBODY = 65532;

/**
 * Three containers of one image, each with no more than it needs: the first has the network and the pull secrets, the second
 * writes machine code, the third runs the guest and can change neither (docs/decisions/0038-a-runner-in-three-containers.md).
 */
export function runnerPod(module: ModuleView, spec: ModuleSpec, runner: Runner): V1PodSpec {
  const common = commonPod(module, spec);
  const serving = moduleContainer(spec, [{ name: 'PORT', value: String(PORT) }]);
  return {
    ...common,
    securityContext: { runAsNonRoot: true, runAsUser: NOBODY, runAsGroup: NOBODY },
    volumes: [
      ...(common.volumes ?? []),
      { name: 'kwasm-module', emptyDir: { sizeLimit: '1Gi' } },
      secretsVolume(runner),
    ],
    initContainers: [
      {
        ...step(PULL, runner, [writable, { name: SECRETS_VOLUME, mountPath: SECRETS, readOnly: true }]),
        command: ['/usr/local/bin/node', '/app/pull.mjs', WASM],
        env: [
          { name: 'IMAGE', value: spec.image },
          { name: 'INSECURE_REGISTRIES', value: runner.insecureRegistries.join(',') },
          { name: 'PULL_SECRETS', value: SECRETS },
        ],
      },
      { ...step(COMPILE, runner, [writable]), args: ['compile', WASM, CODE] },
    ],
    containers: [
      {
        ...serving,
        image: runner.image,
        args: ['serve', CODE, ...spec.args],
        volumeMounts: [...(serving.volumeMounts ?? []), { ...writable, readOnly: true }],
        securityContext: { ...serving.securityContext, readOnlyRootFilesystem: true },
      },
    ],
  };
}

const writable: V1VolumeMount = { name: 'kwasm-module', mountPath: MODULE };

/** A component of 13 MB needs 365 MB to be compiled (docs/decisions/0008-shim-compile-time.md). */
function step(name: string, { image }: RunnerPolicy, volumeMounts: V1VolumeMount[]): V1Container {
  return {
    name,
    image,
    volumeMounts,
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '1Gi' } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

/** A directory for each, as Docker's programs have one. One that is not there is no reason to wait: the kubelet does not, either. */
function secretsVolume({ pullSecrets }: Runner): V1Volume {
  const sources = pullSecrets.map((name, at) => ({
    secret: { name, optional: true, items: [{ key: '.dockerconfigjson', path: `${at}/config.json` }] },
  }));
  return { name: SECRETS_VOLUME, projected: { sources, defaultMode: 0o444 } };
}

/** Those that a runner's pod was made with. */
export function pullSecretsIn(volumes: readonly V1Volume[] | undefined): readonly string[] {
  const volume = volumes?.find(({ name }) => name === SECRETS_VOLUME);
  return volume?.projected?.sources?.flatMap(({ secret }) => secret?.name ?? []) ?? [];
}

/** A NetworkPolicy is the whole pod's: what its first container needs stays open. Names lead anywhere, so only ports are told. */
export function pullEgress(image: string): readonly V1NetworkPolicyEgressRule[] {
  const first = image.split('/')[0] ?? '';
  const host = image.includes('/') && /[.:]|^localhost$/.test(first) ? first : 'docker.io';
  const target = parsePattern(/:\d+$/.test(host) ? host : `${host}:443`);
  const port = { protocol: 'TCP', port: target?.port ?? 443 };
  if (target?.kind === 'address') {
    const cidr = `${target.address}/${target.address.includes(':') ? 128 : 32}`;
    return [{ ports: [port], to: [{ ipBlock: { cidr } }] }];
  }
  // Token servers and the stores that blobs are redirected to are elsewhere, on 443.
  const ports = port.port === 443 ? [port] : [port, { protocol: 'TCP', port: 443 }];
  const dns = [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ];
  return [{ ports }, { ports: dns }];
}
