import type { SmallImage } from '../local/images.ts';
import type { Context } from '../provider.ts';

/** A program that a cluster may have beside its own, as people's clusters have it: a Deployment in a namespace, and what belongs to it. */
export interface Addon {
  readonly name: AddonName;
  readonly namespace: string;
  /** The one Deployment among the objects; it is there when this has been rolled out. */
  readonly deployment: string;
  /** An API of its own, which may be Available later than its pods are. */
  readonly apiService?: string;
  /** Builds or fetches the program, and says what image is made of it. */
  image(context: Context): Promise<SmallImage>;
  /** Everything that makes it, in the order of creation; taken away in the opposite one. */
  objects(image: string): readonly KubeObject[];
}

export const ADDON_NAMES = ['ingress', 'metrics-server'] as const;
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
