import type { GuestHost } from '../outcome.ts';
import {
  byteArray,
  type Callable,
  callable,
  list,
  type Plain,
  plain,
  sealed,
  Thrown,
  text,
  type Value,
} from './values.ts';

/**
 * The global object of a Go guest: what Go's own library looks up when it starts, and nothing more. Files do not exist, except that
 * what is written to descriptors 1 and 2 is the guest's stderr (kpt took a line printed to stdout for a part of the list).
 */
export function goGlobal(host: GuestHost, invoke: (target: Value, args: readonly Value[]) => Value): Plain {
  const encoder = new TextEncoder();
  const log = callable((args) => {
    host.stderr(encoder.encode(`${args.map(text).join(' ')}\n`));
    return undefined;
  });
  return sealed(
    {
      Object: constructorOf('object', plain),
      Array: constructorOf('list', list),
      Uint8Array: constructorOf('bytes', byteArray),
      Date: constructorOf('object', () => sealed({ getTimezoneOffset: callable(() => 0) })),
      console: sealed({ log, error: log, warn: log, info: log, debug: log }),
      crypto: sealed({ getRandomValues: callable(randomValues) }),
      process: sealed({
        pid: -1,
        ppid: -1,
        cwd: callable(() => '/'),
        umask: callable(() => 0),
        getuid: callable(() => -1),
        getgid: callable(() => -1),
        geteuid: callable(() => -1),
        getegid: callable(() => -1),
        getgroups: callable(() => list([])),
        chdir: callable(() => {
          throw new Thrown('not offered to a function', 'ENOSYS');
        }),
      }),
      path: sealed({ resolve: callable((args) => args.map(text).join('/')) }),
      fs: fileSystem(host, invoke),
    },
    ENTRIES,
  );
}

export const ENTRIES = ['processResourceList', 'processResourceListErrors'] as const;

function constructorOf(makes: 'object' | 'list' | 'bytes', construct: NonNullable<Callable['construct']>): Callable {
  return { type: 'function', target: construct, construct, makes };
}

function randomValues([into]: readonly Value[]): Value {
  if (typeof into !== 'object' || into === null || into.type !== 'bytes') throw new Thrown('not a Uint8Array');
  fillRandom(into.bytes);
  return into;
}

/** getRandomValues gives at most 65,536 bytes a call. */
export function fillRandom(bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length; from += 65_536) crypto.getRandomValues(bytes.subarray(from, from + 65_536));
}

const NOT_OFFERED = [
  ...['chmod', 'chown', 'fchmod', 'fchown', 'ftruncate', 'lchown', 'link', 'lstat', 'mkdir', 'open', 'readdir'],
  ...['readlink', 'rename', 'rmdir', 'stat', 'symlink', 'truncate', 'unlink', 'utimes'],
] as const;

/** Node's own numbers for Linux; Go reads them when it starts. */
const CONSTANTS = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 64,
  O_EXCL: 128,
  O_TRUNC: 512,
  O_APPEND: 1024,
  O_DIRECTORY: 65_536,
} as const;

function fileSystem(host: GuestHost, invoke: (target: Value, args: readonly Value[]) => Value): Plain {
  const answer = (args: readonly Value[], ...result: readonly Value[]): Value => {
    const last = args.at(-1);
    if (last !== undefined) invoke(last, result);
    return undefined;
  };
  const refuse = (code: string) => (args: readonly Value[]) =>
    answer(args, sealed({ message: `${code}: a function has no files`, code }));
  const write = (args: readonly Value[]): Value => {
    const [descriptor, buffer, offset, length] = args;
    const bytes = typeof buffer === 'object' && buffer !== null && buffer.type === 'bytes' ? buffer.bytes : undefined;
    if ((descriptor !== 1 && descriptor !== 2) || bytes === undefined) return refuse('EBADF')(args);
    if (typeof offset !== 'number' || typeof length !== 'number') return refuse('EINVAL')(args);
    const part = bytes.subarray(offset, offset + length);
    host.stderr(part);
    return answer(args, null, part.length);
  };
  return sealed({
    constants: sealed(CONSTANTS),
    write: callable(write),
    read: callable((args) => (args[0] === 0 ? answer(args, null, 0) : refuse('EBADF')(args))),
    fsync: callable((args) => answer(args, null)),
    close: callable((args) => answer(args, null)),
    fstat: callable(refuse('ENOSYS')),
    ...Object.fromEntries(NOT_OFFERED.map((name) => [name, callable(refuse('ENOENT'))])),
  });
}
