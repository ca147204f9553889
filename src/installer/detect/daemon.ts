import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path/posix';
import type { Host } from '../host.ts';
import { commandLine, flag, ofTheHost, parentPid, processIds, readProcess } from './endpoint.ts';

/** The living process behind a CRI socket, and all that follows from it: nothing here is a guess. */
export interface Daemon {
  readonly socket: string;
  readonly pid: number;
  /** The path by which the same program is started again, as containerd. */
  readonly binary: string;
  readonly binaryReplaced: boolean;
  /** `-c` of its command line; undefined: the built-in default path. */
  readonly configFlag: string | undefined;
  readonly unit: string;
  /** Whoever started it; undefined: process 1 did. */
  readonly parent: Parent | undefined;
}

export interface Parent {
  readonly pid: number;
  readonly binary: string;
}

const DELETED = ' (deleted)';

export function findDaemon(host: Host, sockets: readonly string[]): Daemon | undefined {
  const listening = parseUnixSockets(readFileSync(host.process(1, 'net/unix'), 'utf8'));
  for (const socket of sockets) {
    const path = host.resolve(socket);
    const inodes = listening.filter((entry) => host.resolve(entry.path) === path).map(({ inode }) => inode);
    const pid = inodes.length === 0 ? undefined : ownerOf(host, inodes);
    if (pid !== undefined) return describe(host, path, pid);
  }
  return undefined;
}

function describe(host: Host, socket: string, pid: number): Daemon {
  const exe = readlinkSync(host.process(pid, 'exe'));
  const args = commandLine(host, pid);
  const config = flag(args, 'config') ?? flag(args, 'c');
  const cwd = readlinkSync(host.process(pid, 'cwd'));
  const running = withoutMark(exe);
  return {
    socket,
    pid,
    binary: calledAs(host, running, args[0] ?? ''),
    binaryReplaced: exe !== running,
    configFlag: config === undefined ? undefined : resolve(cwd, config),
    unit: unitOf(readProcess(host, pid, 'cgroup')),
    parent: parentOf(host, pid),
  };
}

const withoutMark = (exe: string): string => (exe.endsWith(DELETED) ? exe.slice(0, -DELETED.length) : exe);

/**
 * K3s is one program with many names: called by its own it knows no `config dump`. The link beside it, by which the
 * daemon was called, makes it containerd again. Elsewhere the two are the same.
 */
function calledAs(host: Host, exe: string, name: string): string {
  const link = join(dirname(exe), basename(name));
  return host.resolve(link) === exe ? link : exe;
}

function parentOf(host: Host, pid: number): Parent | undefined {
  const parent = parentPid(host, pid);
  if (parent <= 1) return undefined;
  try {
    return { pid: parent, binary: withoutMark(readlinkSync(host.process(parent, 'exe'))) };
  } catch {
    return undefined; // ended meanwhile: then process 1 is the parent by now
  }
}

/** Lines of /proc/PID/net/unix: a flag says which sockets are listened on, the 7th field is the inode. */
export function parseUnixSockets(text: string): readonly { readonly inode: string; readonly path: string }[] {
  const LISTENING = 0x10000;
  return text.split('\n').flatMap((line) => {
    const fields = /^\S+: \S+ \S+ ([0-9A-Fa-f]+) \S+ \S+ +(\d+) (\/.*)$/.exec(line);
    if (fields === null) return [];
    const [, flags, inode = '', path = ''] = fields;
    return (Number.parseInt(flags ?? '0', 16) & LISTENING) === 0 ? [] : [{ inode, path }];
  });
}

/**
 * Process 1 may hold the socket as well, when systemd opened it for the service. A pod on the host's network that runs a
 * containerd of its own shows the same path, of its own file system.
 */
function ownerOf(host: Host, inodes: readonly string[]): number | undefined {
  const names = inodes.map((inode) => `socket:[${inode}]`);
  const holders = processIds(host).filter((pid) => openFiles(host, pid).some((target) => names.includes(target)));
  const own = ofTheHost(host, holders);
  return own.find((pid) => pid !== 1) ?? own[0];
}

function openFiles(host: Host, pid: number): readonly string[] {
  try {
    return readdirSync(host.process(pid, 'fd')).flatMap((fd) => {
      try {
        return [readlinkSync(host.process(pid, `fd/${fd}`))];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // ended meanwhile
  }
}

/** The innermost .service of the cgroup that systemd keeps: `name=systemd` on cgroup v1, the only one on v2. */
export function unitOf(cgroup: string): string {
  const lines = cgroup.split('\n').map((line) => line.split(':').slice(1));
  const own = lines.find(([name]) => name === 'name=systemd') ?? lines.find(([name]) => name === '');
  const parts = (own?.slice(1).join(':') ?? '').split('/');
  return parts.filter((part) => part.endsWith('.service')).at(-1) ?? '';
}

/** Process ids whose program lies below a directory: shims of ours that still run. */
export function processesFrom(host: Host, directory: string): readonly number[] {
  const real = host.resolve(directory); // on ostree, /opt is a link
  return processIds(host).filter((pid) => {
    try {
      return readlinkSync(host.process(pid, 'exe')).startsWith(`${real}/`);
    } catch {
      return false;
    }
  });
}

export const programOf = (daemon: Daemon): string => basename(daemon.binary);
