import type { WasiImport } from '../../imports.ts';
import { Ending, Exit, type GuestHost, LimitReached } from '../outcome.ts';

/**
 * WASI preview 1 over three byte streams: stdin is the list, stdout its answer, stderr for people. Not node:wasi, whose documentation says that it is
 * not for untrusted code. There are no files, no preopens, no sockets and no environment to ask for.
 */
const OK = 0;
const BADF = 8;
const INVAL = 28;
const NOSYS = 52;
const SPIPE = 70;

const FILETYPE_CHARACTER_DEVICE = 2;
const RIGHT_FD_READ = 2n;
const RIGHT_FD_WRITE = 64n;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const SUBSCRIPTIONS_MAX = 1024;
const VECTORS_MAX = 1024;

type Implementation = (...args: number[]) => number;

/** argv[0] must be there: guests of the Kustomize proof of concept do not start without it. */
const ARGV = Buffer.from('krm\0');

export class Preview1 {
  private readonly host: GuestHost;
  private readonly input: Uint8Array;
  private readonly output: Uint8Array[] = [];
  private outputBytes = 0;
  private read = 0;
  private readonly closed = new Set<number>();
  private memory: WebAssembly.Memory | undefined;
  readonly ending = new Ending();

  constructor(input: Uint8Array, host: GuestHost) {
    this.input = input;
    this.host = host;
  }

  attach(memory: WebAssembly.Memory): void {
    this.memory = memory;
  }

  stdout(): Buffer {
    return Buffer.concat(this.output);
  }

  imports(): Record<string, (...args: unknown[]) => number> {
    const offered: Record<string, (...args: unknown[]) => number> = Object.create(null);
    for (const [name, implementation] of Object.entries(this.table())) {
      offered[name] = (...args) => {
        this.ending.check();
        return implementation(...args.map(unsigned));
      };
    }
    return offered;
  }

  private get data(): DataView {
    if (this.memory === undefined) throw new Error('called before its memory was there');
    return new DataView(this.memory.buffer);
  }

  private table(): Record<WasiImport, Implementation> {
    return { ...REFUSED, ...this.processImports(), ...this.streamImports(), ...this.clockImports() };
  }

  private processImports() {
    return {
      args_sizes_get: (count: number, size: number) => {
        this.data.setUint32(count, 1, true);
        this.data.setUint32(size, ARGV.length, true);
        return OK;
      },
      args_get: (pointers: number, strings: number) => {
        this.data.setUint32(pointers, strings, true);
        this.bytes(strings, ARGV.length).set(ARGV);
        return OK;
      },
      environ_sizes_get: (count: number, size: number) => {
        this.data.setUint32(count, 0, true);
        this.data.setUint32(size, 0, true);
        return OK;
      },
      environ_get: () => OK,
      proc_exit: (code: number): number => this.ending.end(new Exit(code)),
      random_get: (at: number, length: number) => {
        const target = this.bytes(at, length);
        for (let from = 0; from < length; from += 65_536) crypto.getRandomValues(target.subarray(from, from + 65_536));
        return OK;
      },
      sched_yield: () => OK,
    };
  }

  private streamImports() {
    return {
      fd_read: (fd: number, vectors: number, count: number, read: number) => {
        if (fd !== 0 || this.closed.has(0)) return BADF;
        if (count > VECTORS_MAX) return INVAL;
        let total = 0;
        for (const target of this.vectors(vectors, count)) {
          const part = this.input.subarray(this.read, this.read + target.length);
          target.set(part);
          this.read += part.length;
          total += part.length;
        }
        this.data.setUint32(read, total, true);
        return OK;
      },
      fd_write: (fd: number, vectors: number, count: number, written: number) => {
        if ((fd !== 1 && fd !== 2) || this.closed.has(fd)) return BADF;
        if (count > VECTORS_MAX) return INVAL;
        let total = 0;
        for (const part of this.vectors(vectors, count)) {
          if (fd === 2) this.host.stderr(part);
          else this.keep(part);
          total += part.length;
        }
        this.data.setUint32(written, total, true);
        return OK;
      },
      fd_fdstat_get: (fd: number, at: number) => {
        if (fd > 2 || this.closed.has(fd)) return BADF;
        this.bytes(at, 24).fill(0);
        this.data.setUint8(at, FILETYPE_CHARACTER_DEVICE);
        this.data.setBigUint64(at + 8, fd === 0 ? RIGHT_FD_READ : RIGHT_FD_WRITE, true);
        return OK;
      },
      fd_filestat_get: (fd: number, at: number) => {
        if (fd > 2 || this.closed.has(fd)) return BADF;
        this.bytes(at, 64).fill(0);
        this.data.setUint8(at + 16, FILETYPE_CHARACTER_DEVICE);
        return OK;
      },
      fd_fdstat_set_flags: (fd: number) => (fd > 2 ? BADF : OK),
      fd_close: (fd: number) => {
        if (fd > 2 || this.closed.has(fd)) return BADF;
        this.closed.add(fd);
        return OK;
      },
      // The scan for preopened directories begins at 3 and ends at the first refusal.
      fd_prestat_get: () => BADF,
      fd_seek: (fd: number) => (fd > 2 ? BADF : SPIPE),
      fd_tell: (fd: number) => (fd > 2 ? BADF : SPIPE),
    };
  }

  private clockImports() {
    return {
      clock_res_get: (clock: number, at: number) => {
        if (clock > 3) return INVAL;
        this.data.setBigUint64(at, 1000n, true);
        return OK;
      },
      clock_time_get: (clock: number, _precision: number, at: number) => {
        if (clock > 3) return INVAL;
        this.data.setBigUint64(at, nowNs(clock), true);
        return OK;
      },
      poll_oneoff: (subscriptions: number, events: number, count: number, ready: number) => {
        if (count === 0 || count > SUBSCRIPTIONS_MAX) return INVAL;
        return this.poll(subscriptions, events, count, ready);
      },
    };
  }

  /** Streams are always ready. With clocks alone, the soonest is slept for. */
  private poll(subscriptions: number, events: number, count: number, ready: number): number {
    const found = Array.from({ length: count }, (_, index) =>
      this.subscription(subscriptions + index * SUBSCRIPTION_BYTES),
    );
    const soonest = Math.min(...found.map(({ afterMs }) => afterMs));
    this.host.sleep(soonest);
    const due = found.filter(({ afterMs }) => afterMs <= soonest);
    for (const [index, { userdata, type }] of due.entries()) {
      const at = events + index * EVENT_BYTES;
      this.bytes(at, EVENT_BYTES).fill(0);
      this.data.setBigUint64(at, userdata, true);
      this.data.setUint8(at + 10, type);
    }
    this.data.setUint32(ready, due.length, true);
    return OK;
  }

  private subscription(at: number): { readonly userdata: bigint; readonly type: number; readonly afterMs: number } {
    const { data } = this;
    const userdata = data.getBigUint64(at, true);
    const type = data.getUint8(at + 8);
    if (type !== 0) return { userdata, type, afterMs: 0 };
    const clock = data.getUint32(at + 16, true);
    const timeout = data.getBigUint64(at + 24, true);
    const absolute = (data.getUint16(at + 40, true) & 1) === 1;
    const waitNs = absolute ? timeout - nowNs(clock) : timeout;
    return { userdata, type, afterMs: Math.max(0, Number(waitNs) / 1e6) };
  }

  private bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.data.buffer, at, length);
  }

  private *vectors(at: number, count: number): Generator<Uint8Array> {
    for (let index = 0; index < count; index += 1) {
      const { data } = this;
      const place = at + index * 8;
      yield this.bytes(data.getUint32(place, true), data.getUint32(place + 4, true));
    }
  }

  private keep(part: Uint8Array): void {
    this.outputBytes += part.length;
    const limitBytes = this.host.outputBytesMax;
    if (this.outputBytes > limitBytes) this.ending.end(new LimitReached({ kind: 'outputTooLarge', limitBytes }));
    this.output.push(part.slice());
  }
}

function nowNs(clock: number): bigint {
  return BigInt(Math.round((clock === 0 ? Date.now() : performance.now()) * 1e6));
}

/** Handles and pointers come as signed 32 bits; sizes of 64 bits come as BigInt and are passed on as numbers. */
function unsigned(argument: unknown): number {
  return typeof argument === 'bigint' ? Number(BigInt.asUintN(64, argument)) : Number(argument) >>> 0;
}

const refuse = () => NOSYS;
const REFUSED = {
  fd_advise: refuse,
  fd_allocate: refuse,
  fd_datasync: refuse,
  fd_fdstat_set_rights: refuse,
  fd_filestat_set_size: refuse,
  fd_filestat_set_times: refuse,
  fd_pread: refuse,
  fd_prestat_dir_name: () => BADF,
  fd_pwrite: refuse,
  fd_readdir: refuse,
  fd_renumber: refuse,
  fd_sync: refuse,
  path_create_directory: refuse,
  path_filestat_get: refuse,
  path_filestat_set_times: refuse,
  path_link: refuse,
  path_open: refuse,
  path_readlink: refuse,
  path_remove_directory: refuse,
  path_rename: refuse,
  path_symlink: refuse,
  path_unlink_file: refuse,
  proc_raise: refuse,
  sock_accept: refuse,
  sock_recv: refuse,
  sock_send: refuse,
  sock_shutdown: refuse,
} as const;
