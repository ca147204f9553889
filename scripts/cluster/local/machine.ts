import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { systemClock } from '../../../src/clock.ts';
import { Terminal } from '../../../src/errors.ts';
import { clusterDir } from '../paths.ts';
import type { ExecOptions, ExecResult } from '../provider.ts';
import { type BootPlan, bootScript } from './boot-script.ts';
import { groupName, planCgroups } from './cgroups.ts';
import { destroyGroups, findGroups } from './group-removal.ts';
import { bridgeName, removeNodeLink } from './network.ts';
import type { NodeFile } from './node-files.ts';
import { kill, running, start } from './processes.ts';

/** A node's machine: a directory, and while it runs one nspawn process with a systemd below it. */
export interface Machine {
  readonly cluster: string;
  readonly name: string;
}

export function machineDir({ cluster, name }: Machine): string {
  return join(clusterDir(cluster), 'nodes', name);
}

function role({ name }: Machine): string {
  return `node:${name}`;
}

/** The disk of a new machine. Made once: what happened to it since is the node's own history. */
export function prepare(machine: Machine, rootfs: string, files: () => Readonly<Record<string, NodeFile>>): void {
  const dir = machineDir(machine);
  if (existsSync(dir)) return;
  const umask = process.umask(0o022);
  try {
    write(`${dir}.partial`, rootfs, files());
    renameSync(`${dir}.partial`, dir);
  } finally {
    process.umask(umask);
  }
}

function write(partial: string, rootfs: string, files: Readonly<Record<string, NodeFile>>): void {
  rmSync(partial, { recursive: true, force: true });
  for (const name of ['upper', 'work', 'root', 'cgroup', 'containerd', 'kubelet']) {
    mkdirSync(join(partial, name), { recursive: true });
  }
  // A later version of this script may make another root file system; this machine's own layer belongs to this one.
  symlinkSync(rootfs, join(partial, 'lower'));
  for (const [path, entry] of Object.entries(files)) {
    const target = join(partial, 'upper', path);
    mkdirSync(dirname(target), { recursive: true });
    if (entry.kind === 'link') symlinkSync(entry.to, target);
    else writeFileSync(target, entry.content, { mode: entry.mode });
  }
}

const UP_WITHIN_MS = 60_000;
const POLL_MS = 100;
const GONE_MS = 2_000;

/** Starts the machine unless it runs, and waits for its systemd. */
export async function boot(machine: Machine, programs: BootPlan['programs']): Promise<void> {
  const cluster = clusterDir(machine.cluster);
  if (running(cluster, role(machine)).length === 0) {
    await crash(machine); // what a dead one may have left: processes, groups, its link
    const group = groupName(machine.cluster, machine.name);
    const facts = {
      own: readFileSync('/proc/self/cgroup', 'utf8'),
      mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    };
    const plan: BootPlan = {
      machine: machine.name,
      bridge: bridgeName(machine.cluster),
      dir: machineDir(machine),
      programs,
      cgroups: planCgroups(facts, group),
    };
    start(cluster, {
      role: role(machine),
      file: 'unshare',
      args: ['--mount', '--propagation', 'private', 'sh', '-c', bootScript(plan)],
      log: logFile(machine),
    });
  }
  await systemdUp(machine);
}

async function systemdUp(machine: Machine): Promise<void> {
  const end = systemClock.monotonicMs() + UP_WITHIN_MS;
  let state = 'not started';
  let seenMs = systemClock.monotonicMs();
  for (;;) {
    // A process that is just becoming another program has no environment for a moment, by which it would be found.
    if (running(clusterDir(machine.cluster), role(machine)).length > 0) seenMs = systemClock.monotonicMs();
    if (systemClock.monotonicMs() - seenMs > GONE_MS) state = 'its nspawn ended';
    else if (leader(machine) !== undefined) {
      const { stdout } = await exec(machine, ['systemctl', 'is-system-running']);
      state = stdout.trim();
      if (state === 'running' || state === 'degraded') return;
    }
    if (state === 'its nspawn ended' || systemClock.monotonicMs() > end) {
      throw new Terminal(
        `node ${machine.name} did not boot (${state}); the end of ${logFile(machine)}:\n${tail(machine)}`,
      );
    }
    await systemClock.sleep(POLL_MS);
  }
}

function logFile({ cluster, name }: Machine): string {
  return join(clusterDir(cluster), 'logs', `${name}.log`);
}

function tail(machine: Machine): string {
  const file = logFile(machine);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').slice(-15).join('\n') : '(no log)';
}

/** Power cut: every process of the machine dies at one stroke; its disk stays. */
export async function crash(machine: Machine): Promise<void> {
  const name = groupName(machine.cluster, machine.name);
  await destroyGroups(findGroups(name).filter((group) => group.endsWith(`/${name}`)));
  await kill(clusterDir(machine.cluster), role(machine));
  await removeNodeLink(machine.name);
}

/** The machine's PID 1, as this machine numbers it. */
export function leader(machine: Machine): number | undefined {
  for (const { pid } of running(clusterDir(machine.cluster), role(machine))) {
    for (const child of childrenOf(pid)) {
      const text = readIfThere(`/proc/${child}/status`);
      // PID 1 of an inner process namespace, and past nspawn's own set-up.
      if (/^NSpid:\s+\d+\s+1$/m.test(text) && /^Name:\s+systemd$/m.test(text)) return child;
    }
  }
  return undefined;
}

function childrenOf(pid: number): readonly number[] {
  return readIfThere(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const EXEC_TIMEOUT_MS = 60_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

/** Runs a program in the machine's namespaces; it starts in /, with a root login's environment and none of ours. */
export async function exec(machine: Machine, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const pid = leader(machine);
  if (pid === undefined) throw new Terminal(`node ${machine.name} is not running`);
  // -C: else /proc/PID/cgroup would tell this machine's paths, of which the node's /sys/fs/cgroup has none.
  const args = ['-t', String(pid), '-m', '-u', '-i', '-n', '-p', '-C', '--', ...argv];
  const result = await execa('nsenter', args, {
    reject: false,
    stripFinalNewline: false,
    extendEnv: false,
    env: ENVIRONMENT,
    timeout: options.timeoutMs ?? EXEC_TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  if (result.timedOut)
    throw new Terminal(`${machine.name}: ${argv.join(' ')}: no end after ${options.timeoutMs ?? EXEC_TIMEOUT_MS} ms`);
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 128 };
}
