import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import * as z from 'zod';
import { readConfig } from '../detect/config.ts';
import { type Daemon, findDaemon } from '../detect/daemon.ts';
import { kindOf, reloadOf } from '../detect/distribution.ts';
import { criSockets } from '../detect/endpoint.ts';
import { type Host, openHost } from '../host.ts';
import type { Change } from '../plan/change.ts';
import { distribution } from '../plan/distribution.ts';
import type { Facts } from '../plan/facts.ts';
import { sampleFacts } from '../plan/sample-facts.ts';

/**
 * A row of the support matrix: a host's files before and after (`before/`, `after/`, and `uninstalled/` where that is not
 * `before/`), and its processes. Files that a distribution renders stand there as it would render them.
 */
const processSchema = z.object({
  pid: z.number(),
  parent: z.number().default(1),
  comm: z.string(),
  exe: z.string(),
  args: z.array(z.string()),
  unit: z.string().default(''),
  /** What it listens on. */
  socket: z.string().optional(),
});
const rowSchema = z.object({
  what: z.string(),
  /** As CRI reports it. */
  containerd: z.string(),
  /** The distribution's own release, where it prints one. */
  release: z.string().default(''),
  /** The built containerds that must load it. */
  generations: z.array(z.string()),
  processes: z.array(processSchema),
  links: z.record(z.string(), z.string()).default({}),
  expected: z.object({
    kind: z.enum(['generic', 'k3s', 'rke2', 'k0s', 'microk8s']),
    unit: z.string(),
    socket: z.string(),
    binary: z.string(),
    reload: z.enum(['unit', 'parentUnit', 'watched']),
  }),
});
type Process = z.infer<typeof processSchema>;
export type Row = z.infer<typeof rowSchema> & { readonly name: string; readonly directory: string };

/** Paths of the host, with what stands there. */
export type Tree = Readonly<Record<string, string>>;

const HERE = new URL('.', import.meta.url).pathname;

export function readRows(): readonly Row[] {
  const directories = readdirSync(HERE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return directories.map(({ name }) => {
    const directory = join(HERE, name);
    const row = rowSchema.parse(JSON.parse(readFileSync(join(directory, 'row.json'), 'utf8')));
    return { ...row, name, directory };
  });
}

export function readTree(directory: string): Tree {
  if (!existsSync(directory)) return {};
  const paths = readdirSync(directory, { recursive: true }).map((path) => join(directory, String(path)));
  const files = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile()).sort();
  return Object.fromEntries(files.map((path) => [`/${relative(directory, path)}`, readFileSync(path, 'utf8')]));
}

/** A host made of a row: its files below `root`, its processes below `proc`. */
export interface GoldenHost {
  readonly host: Host;
  readonly root: string;
}

export function makeHost(row: Row, scratch: string): GoldenHost {
  const root = join(scratch, 'root');
  const proc = join(scratch, 'proc');
  for (const [path, text] of Object.entries(readTree(join(row.directory, 'before')))) write(root, path, text);
  for (const [path, target] of Object.entries(row.links)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  }
  for (const one of row.processes) writeProcess(proc, one);
  const sockets = row.processes.filter(({ socket }) => socket !== undefined);
  const lines = sockets.map(({ socket, pid }) => `0: 00000002 00000000 00010000 0001 01 ${inode(pid)} ${socket}`);
  write(proc, '1/net/unix', `Num RefCount Protocol Flags Type St Inode Path\n${lines.join('\n')}\n`);
  mkdirSync(root, { recursive: true });
  return { host: openHost(root, proc), root };
}

const inode = (pid: number): number => 100_000 + pid;

function writeProcess(proc: string, { pid, parent, comm, exe, args, unit, socket }: Process): void {
  const path = (name: string) => join(String(pid), name);
  write(proc, path('comm'), `${comm}\n`);
  write(proc, path('cmdline'), args.map((arg) => `${arg}\0`).join(''));
  write(proc, path('stat'), `${pid} (${comm}) S ${parent} ${'0 '.repeat(30)}`);
  write(proc, path('cgroup'), unit === '' ? '0::/user.slice\n' : `0::/system.slice/${unit}\n`);
  mkdirSync(join(proc, path('fd')));
  symlinkSync(exe, join(proc, path('exe')));
  symlinkSync('/', join(proc, path('cwd')));
  if (socket !== undefined) symlinkSync(`socket:[${inode(pid)}]`, join(proc, path('fd/3')));
}

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** What detection finds, but for what only a living daemon could say: that is made up from the files. */
export function readFacts(row: Row, { host }: GoldenHost): { readonly facts: Facts; readonly daemon: Daemon } {
  const daemon = findDaemon(host, criSockets(host));
  if (daemon === undefined) throw new Error(`${row.name}: no daemon listens on the socket of its kubelet`);
  const kind = kindOf(daemon);
  const config = readConfig(host, daemon.configFlag ?? '/etc/containerd/config.toml', kind);
  const reload = reloadOf(daemon, config.source.kind === 'merged');
  const { pid, binary, binaryReplaced, socket, unit } = daemon;
  const facts = sampleFacts(row.containerd, config, {
    ...{ pid, binary, binaryReplaced, socket, unit },
    distribution: distribution(kind, row.release, reload),
  });
  return { facts, daemon };
}

/** As the transaction would, and as the distribution would when it starts again. */
export function applyChange({ root }: GoldenHost, { files, removeDirectories }: Change): void {
  for (const { path, after, renders } of files) {
    if (after.kind === 'file') write(root, path, after.text);
    else rmSync(join(root, path));
    if (renders !== undefined) write(root, renders.path, renders.text);
  }
  for (const path of removeDirectories) {
    const at = join(root, path);
    if (existsSync(at) && readdirSync(at).length === 0) rmSync(at, { recursive: true });
  }
}
