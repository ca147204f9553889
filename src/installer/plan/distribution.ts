import { coerce, satisfies } from 'semver';
import { HOST, LONGEST_SWITCH_SECONDS } from '../../contract.ts';
import type { Distribution, DistributionKind, Reload } from './facts.ts';

/** The snap's confinement lets nothing be started from elsewhere (canonical/microk8s-community-addons#104). */
export const MICROK8S_PREFIX = '/var/snap/microk8s/common/kwasm';

type Traits = Pick<Distribution, 'name' | 'verifySeconds' | 'switchSeconds' | 'prefix'>;

/** A switch leaves a minute for the wait before the restart, and two for a Job's retry to read the journal. */
const PLAIN = { verifySeconds: 120, switchSeconds: 300, prefix: HOST.prefix };
const WITH_CONTROL_PLANE = { verifySeconds: 300, switchSeconds: LONGEST_SWITCH_SECONDS, prefix: HOST.prefix };

const TRAITS: Readonly<Record<DistributionKind, Traits>> = {
  generic: { name: 'containerd', ...PLAIN },
  k3s: { name: 'K3s', ...WITH_CONTROL_PLANE },
  rke2: { name: 'RKE2', ...WITH_CONTROL_PLANE },
  k0s: { name: 'k0s', ...WITH_CONTROL_PLANE },
  microk8s: { name: 'MicroK8s', ...PLAIN, prefix: MICROK8S_PREFIX },
};

export function distribution(kind: DistributionKind, release = '', reload: Reload = { kind: 'unit' }): Distribution {
  return { kind, release, reload, ...TRAITS[kind] };
}

/**
 * K3s and RKE2 know `{{ template "base" . }}` since the releases of September 2023 (k3s#7991); an older one does not
 * start with it. Undefined: the release is not known.
 */
export function knowsBaseTemplate(release: string): boolean | undefined {
  const version = coerce(release);
  if (version === null) return undefined;
  return satisfies(version, '~1.24.17 || ~1.25.13 || ~1.26.8 || ~1.27.5 || >=1.28.1');
}
