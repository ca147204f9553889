import { witProvisionFailed } from '../func-error.ts';

/** A package of interfaces, as text, out of one reference of func.yaml. */
export interface WitPackage {
  /** `namespace:name@version`. */
  readonly id: string;
  readonly text: string;
  /** The reference's own; else one that it needs. */
  readonly direct: boolean;
  /** Key and reference of func.yaml. */
  readonly key: string;
  readonly reference: string;
}

/** func's words: what becomes of two texts of one package. */
export const WIT_MODES = ['strict', 'forgiving'] as const;
export type WitMode = (typeof WIT_MODES)[number];

export interface ChosenPackages {
  /** Directory below wit/deps → text. */
  readonly directories: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/**
 * One text for each package. What is published holds all that it needs, and only as far as it needs it, so texts of one package differ between
 * references. The one that is named itself counts; of others, strictly, none; or the larger one, which has more of it.
 */
export function choosePackages(packages: readonly WitPackage[], mode: WitMode): ChosenPackages {
  const chosen = new Map<string, WitPackage>();
  const warnings: string[] = [];
  for (const next of packages.toSorted((one, other) => Number(other.direct) - Number(one.direct))) {
    const before = chosen.get(next.id);
    if (before === undefined) chosen.set(next.id, next);
    else if (before.text !== next.text && before.direct === next.direct) {
      if (mode === 'strict') throw witProvisionFailed(next.key, next.reference, differ(before, next));
      if (next.text.length === before.text.length) continue;
      const larger = next.text.length > before.text.length ? next : before;
      chosen.set(next.id, larger);
      warnings.push(`WIT package ${next.id}: that of ${larger.key} is the larger one, and taken`);
    }
  }
  return { directories: named([...chosen.values()]), warnings };
}

function differ(one: WitPackage, other: WitPackage): string {
  return (
    `its package ${other.id} is not that of ${JSON.stringify(one.key)}, byte for byte; name the package itself among builderImages, ` +
    'or set __WASI_WIT_PROVIDER_MODE: forgiving, which takes the larger one'
  );
}

/** By key what is named, by the package's name what comes with it; with the namespace where that is taken. */
function named(packages: readonly WitPackage[]): ReadonlyMap<string, string> {
  const directories = new Map<string, string>();
  for (const { id, text, direct, key } of packages) {
    const [namespace = '', name = ''] = id.replace(/@.*/, '').split(':');
    const directory = direct ? key : name;
    directories.set(directories.has(directory) ? `${namespace}-${name}` : directory, text);
  }
  return directories;
}

/** Of a file of WIT. */
export function packageId(text: string): string | undefined {
  return /^package\s+([\w-]+:[\w-]+(?:@[\w.+-]+)?)\s*;/m.exec(text)?.[1];
}
