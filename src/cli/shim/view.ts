import { CATALOGUE, type Entry } from '../../shims/catalogue.ts';

/** A Shim object, as far as it is shown. */
export interface ShimObject {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly handler: string; readonly version: string };
  readonly status?: {
    readonly nodes?: { readonly desired?: number; readonly ready?: number; readonly failed?: number };
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

export interface ShimRow {
  readonly name: string;
  readonly handler: string;
  readonly version: string;
  /** Of the cluster's; undefined: only the catalogue has it. */
  readonly nodes: { readonly ready: number; readonly desired: number; readonly failed: number } | undefined;
  readonly state: string;
  /** Versions whose digest the catalogue has. */
  readonly pinned: readonly string[];
}

export function shimRows(
  objects: readonly ShimObject[],
  catalogue: Readonly<Record<string, Entry>> = CATALOGUE,
): readonly ShimRow[] {
  const there = objects.map((object): ShimRow => {
    const { name } = object.metadata;
    const { desired = 0, ready = 0, failed = 0 } = object.status?.nodes ?? {};
    const entry = Object.hasOwn(catalogue, name) ? catalogue[name] : undefined;
    const { handler, version } = object.spec;
    return {
      name,
      handler,
      version,
      nodes: { ready, desired, failed },
      state: stateOf(object),
      pinned: pinnedOf(entry),
    };
  });
  const names = new Set(there.map(({ name }) => name));
  const beside = Object.entries(catalogue).flatMap(([name, entry]): readonly ShimRow[] => {
    if (names.has(name)) return [];
    const { handler, version } = entry;
    return [{ name, handler, version, nodes: undefined, state: availability(entry), pinned: pinnedOf(entry) }];
  });
  return [...there, ...beside];
}

function stateOf({ status }: ShimObject): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready === undefined ? 'not looked at yet' : (ready.reason ?? ready.status);
}

function availability({ sources, frozen }: Entry): string {
  const from = sources === undefined ? 'not pinned: kwasm shim pin' : 'in the catalogue';
  return frozen === true ? `${from}; its project has ended` : from;
}

function pinnedOf(entry: Entry | undefined): readonly string[] {
  if (entry === undefined) return [];
  return Object.keys(entry.versions ?? {}).length > 0
    ? Object.keys(entry.versions ?? {})
    : entry.sources === undefined
      ? []
      : [entry.version];
}
