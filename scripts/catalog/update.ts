import { ARCHES } from '../../src/shims/order.ts';
import type { Pins } from '../../src/shims/pins.ts';
import type { Upstream } from '../../src/shims/upstream.ts';
import type { Published } from './published.ts';

export interface Update {
  readonly pins: Pins;
  /** For a person, line by line. */
  readonly difference: readonly string[];
}

/** The pins with this version as the default. Older versions stay: clusters name them. */
export function updated(
  pins: Pins,
  name: string,
  upstream: Upstream,
  version: string,
  published: ReadonlyMap<string, Published>,
): Update {
  const before = pins[name];
  const known = before?.versions[version] ?? {};
  const difference: string[] = [];
  if (before?.default !== version) difference.push(`${name}: ${before?.default ?? 'no version'} -> ${version}`);
  const platforms = ARCHES.map((arch) => {
    const asset = upstream.assets[arch];
    const found = asset === undefined ? undefined : published.get(asset);
    const old = known[arch];
    if (found === undefined) {
      if (asset !== undefined)
        difference.push(
          `  ${arch}: the release publishes no sum of ${asset}; ${old === undefined ? 'not pinned' : 'the pin stays'}`,
        );
      return [arch, old] as const;
    }
    // A release that is changed after the fact is what pins are for: a person decides, not this program.
    if (old !== undefined && old.sha256 !== found.sha256)
      throw new Error(
        `${name} ${version} for ${arch}: pinned is ${old.sha256} (${old.seen}), the release says ${found.sha256} (${found.seen}). If you know why, remove the pin first`,
      );
    if (old?.seen !== found.seen)
      difference.push(`  ${arch}: ${found.sha256} (${found.seen}${old === undefined ? '' : `; before: ${old.seen}`})`);
    return [arch, found] as const;
  });
  const pinned = Object.fromEntries(platforms.filter(([, pin]) => pin !== undefined));
  if (Object.keys(pinned).length === 0)
    throw new Error(
      `${name} ${version}: the release publishes no sum of any of ${Object.values(upstream.assets).join(', ')}: nothing to pin`,
    );
  return {
    pins: { ...pins, [name]: { default: version, versions: { ...before?.versions, [version]: pinned } } },
    difference,
  };
}
