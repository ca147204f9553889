/**
 * What a Go guest sees of "JavaScript": values of our own, never an object of the host. Any host object leads to Function by
 * `constructor.constructor`, and from there to the process; here `constructor` and `__proto__` are names that nothing has.
 */
export type Value = undefined | null | boolean | number | string | Thing;

export type Thing = Plain | List | ByteArray | Callable;

/** Own properties only. A sealed one cannot be changed by the guest. */
export interface Plain {
  readonly type: 'object';
  readonly properties: Map<string, Value>;
  /** Names the guest may set; undefined: any, since it made the object. */
  readonly settable: ReadonlySet<string> | undefined;
}

export interface List {
  readonly type: 'list';
  readonly items: Value[];
}

export interface ByteArray {
  readonly type: 'bytes';
  readonly bytes: Uint8Array;
}

export interface Callable {
  readonly type: 'function';
  /** An id of a function of the guest's, or a function of ours. */
  readonly target: number | ((args: readonly Value[], self: Value) => Value);
  readonly construct?: (args: readonly Value[]) => Thing;
  readonly makes?: Thing['type'];
}

/** What the guest's call threw; Go turns it into a panic with this message. */
export class Thrown extends Error {
  readonly value: Plain;
  constructor(message: string, code?: string) {
    super(message);
    this.value = sealed({ message, ...(code === undefined ? {} : { code }) });
  }
}

const LIST_LENGTH_MAX = 1_000_000;
const BYTES_MAX = 256 * 1024 * 1024;

export function sealed(properties: Readonly<Record<string, Value>>, settable: readonly string[] = []): Plain {
  return { type: 'object', properties: new Map(Object.entries(properties)), settable: new Set(settable) };
}

export function plain(): Plain {
  return { type: 'object', properties: new Map(), settable: undefined };
}

export function callable(target: (args: readonly Value[], self: Value) => Value): Callable {
  return { type: 'function', target };
}

export function isThing(value: Value): value is Thing {
  return typeof value === 'object' && value !== null;
}

export function get(target: Value, name: string): Value {
  if (typeof target === 'string') return name === 'length' ? target.length : undefined;
  if (!isThing(target)) throw new Thrown(`cannot read ${name} of ${text(target)}`);
  if (target.type === 'object') return target.properties.get(name);
  return name === 'length' || name === 'byteLength' ? lengthOf(target) : undefined;
}

/** A name that may not be set is passed over, as a frozen object does in JavaScript outside strict mode. */
export function set(target: Value, name: string, value: Value): void {
  if (!isThing(target) || target.type !== 'object') return;
  if (target.settable === undefined || target.settable.has(name)) target.properties.set(name, value);
}

export function remove(target: Value, name: string): void {
  if (!isThing(target) || target.type !== 'object') return;
  if (target.settable === undefined || target.settable.has(name)) target.properties.delete(name);
}

export function at(target: Value, index: number): Value {
  if (!isThing(target)) return undefined;
  if (target.type === 'list') return target.items[index];
  return target.type === 'bytes' ? target.bytes[index] : undefined;
}

export function setAt(target: Value, index: number, value: Value): void {
  if (!isThing(target)) return;
  if (target.type === 'bytes' && typeof value === 'number' && index >= 0 && index < target.bytes.length)
    target.bytes[index] = value;
  if (target.type !== 'list' || !Number.isInteger(index) || index < 0) return;
  if (index >= LIST_LENGTH_MAX) throw new Thrown(`an array of more than ${LIST_LENGTH_MAX} elements`);
  while (target.items.length < index) target.items.push(undefined);
  target.items[index] = value;
}

export function lengthOf(target: Value): number {
  if (typeof target === 'string') return target.length;
  if (!isThing(target)) return 0;
  if (target.type === 'list') return target.items.length;
  return target.type === 'bytes' ? target.bytes.length : 0;
}

export function list(args: readonly Value[]): List {
  const [size] = args;
  if (args.length !== 1 || typeof size !== 'number') return { type: 'list', items: [...args] };
  if (!Number.isInteger(size) || size < 0 || size > LIST_LENGTH_MAX) throw new Thrown('invalid array length');
  return { type: 'list', items: Array.from({ length: size }, () => undefined) };
}

export function byteArray(args: readonly Value[]): ByteArray {
  const [size] = args;
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > BYTES_MAX)
    throw new Thrown('invalid typed array length');
  return { type: 'bytes', bytes: new Uint8Array(size) };
}

export function isInstance(value: Value, of: Value): boolean {
  return isThing(value) && isThing(of) && of.type === 'function' && of.makes === value.type;
}

/** JavaScript's String(), without asking the value. */
export function text(value: Value): string {
  if (typeof value === 'string') return value;
  if (!isThing(value)) return String(value);
  const message = value.type === 'object' ? value.properties.get('message') : undefined;
  return typeof message === 'string' ? message : `[object ${value.type}]`;
}
