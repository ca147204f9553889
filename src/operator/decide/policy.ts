import type { V1EnvVar, V1LocalObjectReference, V1ResourceRequirements, V1Toleration } from '@kubernetes/client-node';
import { sha256Hex } from './name.ts';
import type { UninstallPolicy } from './uninstall-policy.ts';

/** What people configured, checked and with defaults filled in. */
export interface Policy {
  /** Where the Jobs live. */
  readonly namespace: string;
  readonly autoProvision: boolean;
  /** Somebody takes everything off: no node is wanted, whatever it says. */
  readonly removeAll?: true;
  readonly installer: InstallerPolicy;
  readonly runtimeClasses: readonly WantedClass[];
  readonly uninstall: {
    readonly policy: UninstallPolicy;
    /** A node's own annotation or label may ask for more than `policy`. */
    readonly perNode: boolean;
    readonly timeoutSeconds: number;
  };
  readonly rollout: { readonly maxParallel: number };
}

export interface InstallerPolicy {
  /** Ours: uninstalls, and guards a third-party one. */
  readonly image: string;
  /** What installs; differs from `image` for a third-party installer. */
  readonly installImage: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly imagePullSecrets: readonly V1LocalObjectReference[];
  readonly priorityClassName: string;
  readonly tolerations: readonly V1Toleration[];
  readonly resources: V1ResourceRequirements;
  readonly env: readonly V1EnvVar[];
  readonly caConfigMap: string;
  /** 0: as the installer finds it right for the distribution. */
  readonly switchSeconds: number;
  readonly deadlineSeconds: number;
  readonly attemptsMax: number;
  readonly ttlSecondsAfterFinished: number;
}

export interface WantedClass {
  readonly name: string;
  readonly handler: string;
}

/**
 * What a provisioned node must have been provisioned with: when this changes, every node is gone over again. So it holds
 * what ends up on the host and nothing else; another toleration or deadline must not touch 5,000 nodes.
 */
export function desiredHash({ installer }: Policy): string {
  return sha256Hex(JSON.stringify({ version: 1, image: installer.installImage })).slice(0, 16);
}

export function isThirdParty({ image, installImage }: InstallerPolicy): boolean {
  return installImage !== image;
}
