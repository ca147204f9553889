import type { GoImport } from '../../imports.ts';
import { Ending, Exit, type GuestHost, LimitReached } from '../outcome.ts';
import { Heap } from './heap.ts';
import { Timers } from './timers.ts';
import * as values from './values.ts';
import { type Callable, type Plain, Thrown, type Value } from './values.ts';
import { fillRandom, goGlobal } from './world.ts';

type Import = (sp: number) => void;
type Entry = (...args: number[]) => unknown;

/**
 * The functions a Go program built with GOOS=js imports. Each takes its stack pointer: arguments from sp+8, results behind them. The layout
 * is that of Go's syscall/js and runtime packages (Go 1.19 to 1.26).
 */
export class GoProgram {
  readonly global: Plain;
  private readonly host: GuestHost;
  private readonly go: Plain;
  private readonly heap: Heap;
  private readonly timers: Timers;
  private readonly exports: Readonly<Record<'run' | 'resume' | 'getsp', Entry>>;
  private readonly ending = new Ending();

  constructor(module: WebAssembly.Module, host: GuestHost) {
    this.host = host;
    this.timers = new Timers(() => performance.now(), host.sleep);
    this.global = goGlobal(host, (target, args) => this.invoke(target, args));
    const wrapper = values.callable(([id]) => ({ type: 'function', target: Number(id) }));
    this.go = values.sealed({ _makeFuncWrapper: wrapper, _pendingEvent: null }, ['_pendingEvent']);
    const guarded = this.guarded();
    const { exports } = new WebAssembly.Instance(module, { go: guarded, gojs: guarded });
    const { mem } = exports;
    if (!(mem instanceof WebAssembly.Memory)) throw new Error('its export "mem" is no memory');
    this.heap = new Heap(mem, this.global, this.go, () => this.outOfMemory());
    this.exports = { run: entry(exports, 'run'), resume: entry(exports, 'resume'), getsp: entry(exports, 'getsp') };
  }

  get memoryBytes(): number {
    return this.heap.memory.buffer.byteLength;
  }

  /** Runs main until it waits. argv: the strings from address 4096, then their pointers; no environment. */
  start(): void {
    this.heap.write(4096, Buffer.from('js\0\0\0\0\0\0'));
    for (const [index, pointer] of [4096, 0, 0].entries()) this.heap.setInt(4104 + index * 8, pointer);
    this.exports.run(1, 4104);
    this.ending.check();
  }

  waitFor(done: () => boolean): boolean {
    return this.timers.runUntil(done, () => this.resume());
  }

  /** Calls a function the guest registered, and waits for what it returns; undefined when it never will. */
  call(target: Callable, args: readonly Value[]): { readonly returned: Value } | undefined {
    if (typeof target.target !== 'number') return { returned: target.target(args, undefined) };
    const event = this.send(target.target, undefined, args);
    return this.waitFor(() => event.properties.has('result'))
      ? { returned: event.properties.get('result') }
      : undefined;
  }

  private invoke(target: Value, args: readonly Value[], self?: Value): Value {
    if (typeof target !== 'object' || target === null || target.type !== 'function')
      throw new Thrown(`${values.text(target)} is not a function`);
    if (typeof target.target !== 'number') return target.target(args, self);
    return this.send(target.target, self, args).properties.get('result');
  }

  private send(id: number, self: Value, args: readonly Value[]): Plain {
    const event = values.plain();
    event.properties
      .set('id', id)
      .set('this', self)
      .set('args', { type: 'list', items: [...args] });
    this.go.properties.set('_pendingEvent', event);
    this.resume();
    return event;
  }

  private resume(): void {
    this.ending.check();
    this.exports.resume();
    this.ending.check();
  }

  /** After anything that can re-enter the guest its stack may lie elsewhere. */
  private sp(): number {
    return Number(this.exports.getsp()) >>> 0;
  }

  /** A guest that caught the exit and goes on meets it again at its next call. */
  private guarded(): Record<string, Import> {
    const offered: Record<string, Import> = Object.create(null);
    for (const [name, implementation] of Object.entries(this.imports())) {
      offered[name] = (sp) => {
        this.ending.check();
        implementation(sp >>> 0);
      };
    }
    return offered;
  }

  private imports(): Record<GoImport, Import> {
    return { ...this.runtimeImports(), ...this.readImports(), ...this.callImports(), ...this.byteImports() };
  }

  private runtimeImports() {
    return {
      debug: () => {},
      'runtime.wasmExit': (sp: number) => this.ending.end(new Exit(this.heap.int32(sp + 8))),
      'runtime.wasmWrite': (sp: number) => {
        const length = this.heap.int32(sp + 24);
        this.host.stderr(new Uint8Array(this.heap.memory.buffer, this.heap.int(sp + 16), length));
      },
      'runtime.resetMemoryDataView': () => {},
      'runtime.nanotime1': (sp: number) => this.heap.setInt(sp + 8, Math.floor(performance.now() * 1e6)),
      'runtime.walltime': (sp: number) => {
        const now = Date.now();
        this.heap.setInt(sp + 8, Math.floor(now / 1000));
        this.heap.setInt32(sp + 16, (now % 1000) * 1e6);
      },
      'runtime.scheduleTimeoutEvent': (sp: number) =>
        this.heap.setInt32(sp + 16, this.timers.schedule(this.heap.int(sp + 8))),
      'runtime.clearTimeoutEvent': (sp: number) => this.timers.clear(this.heap.int32(sp + 8)),
      'runtime.getRandomData': (sp: number) => fillRandom(this.heap.slice(sp + 8)),
    };
  }

  private readImports() {
    return {
      'syscall/js.finalizeRef': (sp: number) => this.heap.release(sp + 8),
      'syscall/js.stringVal': (sp: number) => {
        this.checkSize(this.heap.int(sp + 16));
        this.heap.store(sp + 24, this.heap.string(sp + 8));
      },
      'syscall/js.valueGet': (sp: number) =>
        this.heap.store(sp + 32, values.get(this.heap.load(sp + 8), this.heap.string(sp + 16))),
      'syscall/js.valueSet': (sp: number) =>
        values.set(this.heap.load(sp + 8), this.heap.string(sp + 16), this.heap.load(sp + 32)),
      'syscall/js.valueDelete': (sp: number) => values.remove(this.heap.load(sp + 8), this.heap.string(sp + 16)),
      'syscall/js.valueIndex': (sp: number) =>
        this.heap.store(sp + 24, values.at(this.heap.load(sp + 8), this.heap.int(sp + 16))),
      'syscall/js.valueSetIndex': (sp: number) =>
        values.setAt(this.heap.load(sp + 8), this.heap.int(sp + 16), this.heap.load(sp + 24)),
      'syscall/js.valueLength': (sp: number) => this.heap.setInt(sp + 16, values.lengthOf(this.heap.load(sp + 8))),
      'syscall/js.valueInstanceOf': (sp: number) =>
        this.heap.setByte(sp + 24, values.isInstance(this.heap.load(sp + 8), this.heap.load(sp + 16)) ? 1 : 0),
    };
  }

  private callImports() {
    return {
      'syscall/js.valueCall': (sp: number) => {
        const self = this.heap.load(sp + 8);
        const [name, args] = [this.heap.string(sp + 16), this.heap.loadAll(sp + 32)];
        this.attempt(() => this.invoke(values.get(self, name), args, self), 56);
      },
      'syscall/js.valueInvoke': (sp: number) => {
        const [target, args] = [this.heap.load(sp + 8), this.heap.loadAll(sp + 16)];
        this.attempt(() => this.invoke(target, args), 40);
      },
      'syscall/js.valueNew': (sp: number) => {
        const [target, args] = [this.heap.load(sp + 8), this.heap.loadAll(sp + 16)];
        this.attempt(() => construct(target, args), 40);
      },
    };
  }

  private byteImports() {
    return {
      'syscall/js.valuePrepareString': (sp: number) => {
        const bytes = Buffer.from(values.text(this.heap.load(sp + 8)), 'utf8');
        this.heap.store(sp + 16, { type: 'bytes', bytes });
        this.heap.setInt(sp + 24, bytes.length);
      },
      'syscall/js.valueLoadString': (sp: number) => {
        copy(bytesOf(this.heap.load(sp + 8)), this.heap.slice(sp + 16));
      },
      'syscall/js.copyBytesToGo': (sp: number) => {
        this.copied(sp, bytesOf(this.heap.load(sp + 32)), this.heap.slice(sp + 8));
      },
      'syscall/js.copyBytesToJS': (sp: number) => {
        this.copied(sp, this.heap.slice(sp + 16), bytesOf(this.heap.load(sp + 8)));
      },
    };
  }

  /** What the guest itself is told of: an error of its call. Exits, traps and limits go up through it. */
  private attempt(work: () => Value, offset: number): void {
    let result: Value;
    let ok = 1;
    try {
      result = work();
    } catch (error) {
      if (!(error instanceof Thrown)) throw error;
      result = error.value;
      ok = 0;
    }
    const sp = this.sp();
    this.heap.store(sp + offset, result);
    this.heap.setByte(sp + offset + 8, ok);
  }

  private copied(sp: number, from: Uint8Array | undefined, to: Uint8Array | undefined): void {
    this.heap.setInt(sp + 40, copy(from, to));
    this.heap.setByte(sp + 48, from === undefined || to === undefined ? 0 : 1);
  }

  private checkSize(bytes: number): void {
    const limitBytes = this.host.outputBytesMax;
    if (bytes > limitBytes) this.ending.end(new LimitReached({ kind: 'outputTooLarge', limitBytes }));
  }

  private outOfMemory(): never {
    return this.ending.end(new LimitReached({ kind: 'outOfMemory', limitBytes: this.host.memoryBytesMax }));
  }
}

function entry(exports: WebAssembly.Exports, name: string): Entry {
  const value = exports[name];
  if (typeof value !== 'function') throw new Error(`its export "${name}" is no function`);
  return (...args) => value(...args);
}

function construct(target: Value, args: readonly Value[]): Value {
  if (typeof target !== 'object' || target === null || target.type !== 'function' || target.construct === undefined)
    throw new Thrown(`${values.text(target)} is not a constructor`);
  return target.construct(args);
}

function bytesOf(value: Value): Uint8Array | undefined {
  return typeof value === 'object' && value !== null && value.type === 'bytes' ? value.bytes : undefined;
}

function copy(from: Uint8Array | undefined, to: Uint8Array | undefined): number {
  if (from === undefined || to === undefined) return 0;
  const length = Math.min(from.length, to.length);
  to.set(from.subarray(0, length));
  return length;
}
