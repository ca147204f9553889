import type { V1EnvVar, V1LocalObjectReference, V1ResourceRequirements, V1Toleration } from '@kubernetes/client-node';
import type { NamedShim, ShimClass } from '../../shims/spec.ts';
import type { CanaryPolicy } from './canary-policy.ts';
import { sha256Hex } from './name.ts';
import type { RolloutPolicy } from './rollout/policy.ts';
import type { OnNode } from './shims/on-node.ts';
import type { UninstallPolicy } from './uninstall-policy.ts';

/** What people configured, checked and with defaults filled in. */
export interface Policy {
  /** Where the Jobs live. */
  readonly namespace: string;
  /** jobs: one for each node; daemonset: its pods install, and Jobs only undo. */
  readonly mode: 'jobs' | 'daemonset';
  readonly autoProvision: boolean;
  /** Somebody takes everything off: no node is wanted, whatever it says. */
  readonly removeAll?: true;
  readonly installer: InstallerPolicy;
  readonly runtimeClasses: readonly WantedClass[];
  /** Those that the values name. */
  readonly shims: readonly NamedShim[];
  /** What Shims say of the node that is decided about; undefined where no node is. */
  readonly onNode?: OnNode;
  readonly uninstall: {
    readonly policy: UninstallPolicy;
    /** A node's own annotation or label may ask for more than `policy`. */
    readonly perNode: boolean;
    readonly timeoutSeconds: number;
  };
  readonly rollout: RolloutPolicy;
  readonly canary: CanaryPolicy;
  /** Key of the taint that new nodes carry until they are ready; empty: none. */
  readonly startupTaint: string;
  /** Hours after which a proof is made anew where the kubelet reports no handlers; null: not by the clock. */
  readonly drift: { readonly proofHours: number | null };
  /** The node this operator runs on, if it was told. */
  readonly ownNode: string | undefined;
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
  /** Prefix that stands for https:// in what is downloaded; empty: none. */
  readonly mirror: string;
  /** 0: as the installer finds it right for the distribution. */
  readonly switchSeconds: number;
  readonly deadlineSeconds: number;
  readonly attemptsMax: number;
  readonly ttlSecondsAfterFinished: number;
}

export interface WantedClass extends Omit<ShimClass, 'name'> {
  readonly name: string;
  readonly handler: string;
  /** The Shim that names it, and that it goes with. */
  readonly shim?: string;
  /** It selects no nodes. */
  readonly anywhere?: true;
}

/** Keys of taints under which nothing runs on a node yet. */
export function startupTaints({ startupTaint, rollout }: Policy): readonly string[] {
  return [...new Set([...rollout.startupTaints, ...(startupTaint === '' ? [] : [startupTaint])])];
}

export function startupTolerations(policy: Policy): readonly V1Toleration[] {
  return startupTaints(policy).map((key) => ({ key, operator: 'Exists' }));
}

/**
 * What a provisioned node must have been provisioned with: when this changes, the node is gone over again. So it holds
 * what ends up on the host and nothing else; another toleration or deadline must not touch 5,000 nodes.
 */
export function desiredHash({ installer, onNode }: Policy): string {
  if (onNode?.kind === 'held') return HELD;
  if (onNode?.kind !== 'given' || onNode.isDefault) return hashOfImage(installer.installImage);
  return sha256Hex(JSON.stringify({ version: 2, image: installer.installImage, orders: onNode.hash })).slice(0, 16);
}

/** No run has this one: what the node has is neither confirmed nor replaced. */
const HELD = 'held';

export function hashOfImage(image: string): string {
  return sha256Hex(JSON.stringify({ version: 1, image })).slice(0, 16);
}

export function isThirdParty({ image, installImage }: InstallerPolicy): boolean {
  return installImage !== image;
}
