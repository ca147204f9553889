import type { SmallImage } from '../local/images.ts';
import type { Context } from '../provider.ts';

/** What a cluster may have beside its own, as people's clusters have it: Deployments in a namespace, and what belongs to them. */
export interface Addon {
  readonly name: AddonName;
  readonly namespace: string;
  /** All Deployments among the objects; it is there when these have been rolled out. */
  readonly deployments: readonly string[];
  /** An API of its own, which may be Available later than its pods are. */
  readonly apiService?: string;
  /** Builds or fetches its programs, and says what images are made of them. */
  images(context: Context): Promise<readonly SmallImage[]>;
  /** Everything that makes it, in the order of creation; taken away in the opposite one. */
  objects(image: ImageOf, context: Context): Promise<readonly KubeObject[]>;
}

/** By the name of the image's program. */
export type ImageOf = (program: string) => string;

export const ADDON_NAMES = ['ingress', 'knative', 'knative-serving-wasm', 'metrics-server'] as const;
export type AddonName = (typeof ADDON_NAMES)[number];

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  /** Each kind has its own. */
  readonly [field: string]: unknown;
}

export function isAddonName(text: string): text is AddonName {
  return (ADDON_NAMES as readonly string[]).includes(text);
}
