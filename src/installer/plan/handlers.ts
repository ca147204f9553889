import type { HandlerOptions } from './shim.ts';
import { keyPath, quoted, tableAt, valueAt } from './toml.ts';

/** Where each schema version keeps its runtimes. containerd 2.x reads the second when the third is absent. */
export const RUNTIMES = {
  1: ['plugins', 'cri', 'containerd', 'runtimes'],
  2: ['plugins', 'io.containerd.grpc.v1.cri', 'containerd', 'runtimes'],
  3: ['plugins', 'io.containerd.cri.v1.runtime', 'containerd', 'runtimes'],
} as const;
export type Schema = keyof typeof RUNTIMES;
const SCHEMAS = [1, 2, 3] as const;

/** Shims of ours and of KWasm lie below this; nobody else's do. The second is MicroK8s', whose confinement reads no /opt. */
const OURS = /^(\/opt|\/var\/snap\/microk8s\/common)\/kwasm\//;
export const isKwasmType = (type: string): boolean => OURS.test(type);
/** Of ours alone: KWasm's lie in `bin`. */
export const isShimType = (type: string): boolean => isKwasmType(type) && /^.*\/kwasm\/shims\//.test(type);

export interface Declared {
  readonly schema: Schema;
  readonly name: string;
  readonly type: string;
}

/** Every handler that a configuration (a file's, or a dump's) declares, whichever table it stands in. */
export function declaredHandlers(value: unknown): readonly Declared[] {
  return SCHEMAS.flatMap((schema) =>
    Object.keys(tableAt(value, RUNTIMES[schema]) ?? {}).map((name) => {
      const type = valueAt(value, [...RUNTIMES[schema], name, 'runtime_type']);
      return { schema, name, type: typeof type === 'string' ? type : '' };
    }),
  );
}

/**
 * The schema in force, by the tables that are there before the number at the top: AKS ships `version = 2` above version
 * 3 tables, and containerd then drops a runtime in the version 2 table without a word.
 */
export function schemaInForce(values: readonly unknown[], major: number): Schema {
  const has = (schema: Schema): boolean => values.some((value) => tableAt(value, RUNTIMES[schema].slice(0, 2)));
  if (major >= 2 && has(3)) return 3;
  const version = Math.max(0, ...values.map((value) => Number(valueAt(value, ['version']) ?? 0)));
  if (version >= 3) return 3;
  return version === 2 ? 2 : has(2) && major >= 2 ? 2 : 1;
}

export interface Handler {
  readonly name: string;
  readonly type: string;
  /**
   * As the node's runc runtime has it: a shim that puts pods elsewhere than the kubelet looks shows no metrics. Absent:
   * not written, because this containerd cannot pass it on.
   */
  readonly systemdCgroup?: boolean | undefined;
  /** Others, as ordered. */
  readonly options?: HandlerOptions | undefined;
}

/** The first option that has another value than it should. A dump's whole numbers may be bigints. */
export function wrongOption(
  { systemdCgroup, options = {} }: Handler,
  found: (key: string) => unknown,
): { readonly key: string; readonly value: unknown } | undefined {
  if (found(SYSTEMD_CGROUP) !== systemdCgroup) return { key: SYSTEMD_CGROUP, value: found(SYSTEMD_CGROUP) };
  const key = Object.keys(options).find((name) => {
    const value = found(name);
    return (typeof value === 'bigint' ? Number(value) : value) !== options[name];
  });
  return key === undefined ? undefined : { key, value: found(key) };
}

const SYSTEMD_CGROUP = 'SystemdCgroup';

/** What an order says of a handler's options; what it leaves open is the node's. */
export function optionsOf(ordered: HandlerOptions, systemdCgroup: boolean): Pick<Handler, 'systemdCgroup' | 'options'> {
  const { [SYSTEMD_CGROUP]: told, ...others } = ordered;
  return {
    systemdCgroup: typeof told === 'boolean' ? told : systemdCgroup,
    ...(Object.keys(others).length === 0 ? {} : { options: others }),
  };
}

export function handlerLines(schema: Schema, handler: Handler): readonly string[] {
  const table = [...RUNTIMES[schema], handler.name];
  const others = Object.entries(handler.options ?? {}).map(
    ([key, value]) => `    ${keyPath([key])} = ${tomlValue(value)}`,
  );
  const options = [`  [${keyPath([...table, 'options'])}]`, `    SystemdCgroup = ${handler.systemdCgroup}`, ...others];
  return [
    `[${keyPath(table)}]`,
    `  runtime_type = ${quoted(handler.type)}`,
    ...(handler.systemdCgroup === undefined ? [] : options),
  ];
}

/**
 * containerd 1.6 has no field to carry a Wasm shim's options: it hands over empty ones, which runwasi's shims refuse, so
 * that no pod starts. Without the table it hands over none, and a shim takes its defaults (cgroupfs).
 */
export function passesOptions({ major, minor }: { readonly major: number; readonly minor: number }): boolean {
  return major > 1 || minor >= 7;
}

/**
 * On containerd 1.x a file that declares any runtime replaces the built-in ones: with ours alone, runc would be gone and
 * CRI down (kata-containers#3229). So where no file declares one yet, those of the daemon's own dump are written out.
 */
export function builtinRuntimes(schema: Schema, dump: unknown): Readonly<Record<string, unknown>> {
  return tableAt(dump, RUNTIMES[schema]) ?? tableAt(dump, RUNTIMES[2]) ?? {};
}

export function builtinLines(schema: Schema, runtimes: Readonly<Record<string, unknown>>): readonly string[] {
  // A runtime's own empty values are its defaults; its options are kept as they are, being passed on to the shim.
  const told = (value: unknown) => value !== '' && !(Array.isArray(value) && value.length === 0);
  return Object.entries(runtimes).flatMap(([name, runtime]) => {
    const entries = Object.entries(tableAt(runtime, []) ?? {}).filter(([, value]) => told(value));
    return tableLines([...RUNTIMES[schema], name], Object.fromEntries(entries));
  });
}

function tableLines(path: readonly string[], table: unknown): readonly string[] {
  const entries = Object.entries(tableAt(table, []) ?? {});
  const tables = entries.filter(([, value]) => tableAt(value, []) !== undefined);
  const plain = entries.filter(([, value]) => tableAt(value, []) === undefined);
  return [
    `[${keyPath(path)}]`,
    ...plain.map(assignment),
    ...tables.flatMap(([key, value]) => tableLines([...path, key], value)),
  ];
}

function assignment([key, value]: readonly [string, unknown]): string {
  return `  ${keyPath([key])} = ${tomlValue(value)}`;
}

function tomlValue(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  return String(value);
}

/** `SystemdCgroup` of the default runtime, as the daemon's dump has it. */
export function systemdCgroupOf(dump: unknown): boolean {
  for (const schema of [3, 2] as const) {
    const containerd = RUNTIMES[schema].slice(0, 3);
    const named = valueAt(dump, [...containerd, 'default_runtime_name']);
    const name = typeof named === 'string' && named !== '' ? named : 'runc';
    const value = valueAt(dump, [...RUNTIMES[schema], name, 'options', 'SystemdCgroup']);
    if (typeof value === 'boolean') return value;
  }
  return false;
}
