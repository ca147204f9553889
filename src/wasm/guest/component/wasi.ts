import { type Ending, Exit, type GuestHost } from '../outcome.ts';
import { type Collected, InputStream, OutputStream, Pollable, poll } from './streams.ts';

/** WASI 0.2 for a component, of our own: three streams, clocks and random bytes. Directories, sockets and the environment are empty or refused. */
export type Interfaces = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface Streams {
  readonly input: Uint8Array;
  readonly output: Pick<Collected, 'add'>;
}

export function wasiInterfaces(host: GuestHost, ending: Ending, streams: Streams): Interfaces {
  return { ...cliInterfaces(host, ending, streams), ...ioInterfaces(host), ...emptyInterfaces() };
}

function cliInterfaces(host: GuestHost, ending: Ending, { input, output }: Streams): Interfaces {
  const now = () => new Pollable(0, host.sleep);
  const exit = (code: number) => ending.end(new Exit(code));
  return {
    'wasi:cli/environment': {
      getEnvironment: () => host.env ?? [],
      getArguments: () => host.args ?? ['krm'],
      initialCwd: () => undefined,
    },
    'wasi:cli/exit': {
      exit: (status: { readonly tag: string }) => exit(status.tag === 'ok' ? 0 : 1),
      exitWithCode: (code: number) => exit(code),
    },
    'wasi:cli/stdin': { getStdin: () => new InputStream(input, now) },
    'wasi:cli/stdout': { getStdout: () => new OutputStream((bytes) => output.add(bytes), now) },
    'wasi:cli/stderr': { getStderr: () => new OutputStream((bytes) => host.stderr(bytes), now) },
    'wasi:cli/terminal-stdin': { getTerminalStdin: () => undefined },
    'wasi:cli/terminal-stdout': { getTerminalStdout: () => undefined },
    'wasi:cli/terminal-stderr': { getTerminalStderr: () => undefined },
  };
}

const NS_PER_MS = 1e6;

function ioInterfaces(host: GuestHost): Interfaces {
  const at = (ns: bigint) => new Pollable(Number(ns) / NS_PER_MS, host.sleep);
  const monotonic = () => BigInt(Math.round(performance.now() * NS_PER_MS));
  const random = (length: bigint) => randomBytes(Number(length), host);
  const random64 = () => new DataView(randomBytes(8, host).buffer).getBigUint64(0);
  return {
    'wasi:io/error': { Error: IoError },
    'wasi:io/poll': { Pollable, poll },
    'wasi:io/streams': { InputStream, OutputStream },
    'wasi:clocks/monotonic-clock': {
      now: monotonic,
      resolution: () => 1000n,
      subscribeInstant: at,
      subscribeDuration: (ns: bigint) => at(monotonic() + ns),
    },
    'wasi:clocks/wall-clock': {
      now: () => ({ seconds: BigInt(Math.floor(Date.now() / 1000)), nanoseconds: (Date.now() % 1000) * NS_PER_MS }),
      resolution: () => ({ seconds: 0n, nanoseconds: NS_PER_MS }),
    },
    'wasi:random/random': { getRandomBytes: random, getRandomU64: random64 },
    'wasi:random/insecure': { getInsecureRandomBytes: random, getInsecureRandomU64: random64 },
    'wasi:random/insecure-seed': { insecureSeed: () => [random64(), random64()] },
  };
}

class IoError {
  toDebugString(): string {
    return 'an error';
  }
}

function randomBytes(length: number, { memoryBytesMax }: GuestHost): Uint8Array {
  if (length > memoryBytesMax) throw new RangeError('more random bytes than memory');
  const bytes = new Uint8Array(length);
  for (let from = 0; from < length; from += 65_536) crypto.getRandomValues(bytes.subarray(from, from + 65_536));
  return bytes;
}

const deny = () => {
  throw 'access-denied'; // an error-code of wasi:sockets; what is thrown is the payload
};

function emptyInterfaces(): Interfaces {
  return {
    'wasi:filesystem/preopens': { getDirectories: () => [] },
    'wasi:filesystem/types': { filesystemErrorCode: () => undefined },
    'wasi:sockets/tcp-create-socket': { createTcpSocket: deny },
    'wasi:sockets/udp-create-socket': { createUdpSocket: deny },
    'wasi:sockets/ip-name-lookup': { resolveAddresses: deny },
    'wasi:http/outgoing-handler': {
      handle: () => {
        throw { tag: 'HTTP-request-denied' };
      },
    },
  };
}
