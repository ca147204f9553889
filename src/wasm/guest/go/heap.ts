import { isThing, type Plain, type Value } from './values.ts';

/**
 * The guest's memory, and the table of values it holds references to. A reference is 8 bytes: 0.0 is undefined, any other number is
 * itself, and a NaN carries an id in its low word and a type flag in its high one.
 */
const NAN_HIGH = 0x7ff80000;
const FIRST_FREE = 7;

/** Values a guest may hold at one time. A function needs a handful; V8's heap grinds for long before it says that it is full. */
const VALUES_MAX = 100_000;

export class Heap {
  readonly memory: WebAssembly.Memory;
  private readonly onFull: () => never;
  private view: DataView;
  private readonly values = new Map<number, Value>();
  private readonly ids = new Map<Value, number>();
  private readonly counts = new Map<number, number>();
  private readonly free: number[] = [];
  private next = FIRST_FREE;

  constructor(memory: WebAssembly.Memory, global: Plain, go: Plain, onFull: () => never) {
    this.memory = memory;
    this.onFull = onFull;
    this.view = new DataView(memory.buffer);
    const fixed: readonly Value[] = [Number.NaN, 0, null, true, false, global, go];
    for (const [id, value] of fixed.entries()) {
      this.values.set(id, value);
      this.ids.set(value, id);
    }
  }

  /** Growth detaches the buffer, and nothing tells. */
  private get data(): DataView {
    if (this.view.buffer !== this.memory.buffer) this.view = new DataView(this.memory.buffer);
    return this.view;
  }

  int(address: number): number {
    return this.data.getUint32(address, true) + this.data.getInt32(address + 4, true) * 2 ** 32;
  }

  setInt(address: number, value: number): void {
    this.data.setUint32(address, value >>> 0, true);
    this.data.setUint32(address + 4, Math.floor(value / 2 ** 32), true);
  }

  int32(address: number): number {
    return this.data.getInt32(address, true);
  }

  setInt32(address: number, value: number): void {
    this.data.setInt32(address, value, true);
  }

  setByte(address: number, value: number): void {
    this.data.setUint8(address, value);
  }

  /** The bytes of a slice or string whose pointer and length are at an address. They are the guest's own: to be copied when kept. */
  slice(address: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.int(address), this.int(address + 8));
  }

  string(address: number): string {
    return Buffer.from(this.memory.buffer, this.int(address), this.int(address + 8)).toString('utf8');
  }

  write(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.memory.buffer, address, bytes.length).set(bytes);
  }

  load(address: number): Value {
    const number = this.data.getFloat64(address, true);
    if (number === 0) return undefined;
    return Number.isNaN(number) ? this.values.get(this.data.getUint32(address, true)) : number;
  }

  /** The references of a slice of arguments. */
  loadAll(address: number): readonly Value[] {
    const [start, length] = [this.int(address), this.int(address + 8)];
    if (length < 0 || start + length * 8 > this.memory.buffer.byteLength)
      throw new RangeError('arguments out of bounds');
    return Array.from({ length }, (_, index) => this.load(start + index * 8));
  }

  store(address: number, value: Value): void {
    if (value === undefined || (typeof value === 'number' && value !== 0 && !Number.isNaN(value))) {
      this.data.setFloat64(address, value ?? 0, true);
      return;
    }
    const flag = typeof value === 'string' ? 2 : !isThing(value) ? 0 : value.type === 'function' ? 4 : 1;
    this.data.setUint32(address + 4, NAN_HIGH | flag, true);
    this.data.setUint32(address, this.hold(value), true);
  }

  private hold(value: Value): number {
    const known = this.ids.get(value);
    const id = known ?? this.free.pop() ?? this.next++;
    if (known === undefined) {
      if (this.values.size >= VALUES_MAX) this.onFull();
      this.values.set(id, value);
      this.ids.set(value, id);
    }
    if (id >= FIRST_FREE) this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
    return id;
  }

  /** The fixed ids stay, whatever the guest asks for. */
  release(address: number): void {
    const id = this.data.getUint32(address, true);
    const count = this.counts.get(id);
    if (id < FIRST_FREE || count === undefined) return;
    if (count > 1) {
      this.counts.set(id, count - 1);
      return;
    }
    this.ids.delete(this.values.get(id));
    this.values.delete(id);
    this.counts.delete(id);
    this.free.push(id);
  }
}
