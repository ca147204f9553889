import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'smol-toml';
import type { Clock } from '../../clock.ts';
import { Retryable } from '../../errors.ts';
import { silentLogger } from '../../log.ts';
import type { Container, Cri } from '../cri/client.ts';
import { readConfig } from '../detect/config.ts';
import type { Daemon } from '../detect/daemon.ts';
import { type CommandResult, type Host, openHost } from '../host.ts';
import type { ContainerdFacts, Facts } from '../plan/facts.ts';
import { planInstall } from '../plan/install.ts';
import { ROOT, sampleFacts, wasmtime } from '../plan/sample-facts.ts';
import { startSteps } from '../steps.ts';
import { type Ended, runTransaction } from './transaction.ts';

const VERSION = '2.1.4';
export const LIMITS = { switchSeconds: 300, verifyMs: 20_000, settleMs: 10_000, quietMs: 5_000, restoreMs: 30_000 };
/** Longer than a proof may take, shorter than that and the roll-back's. */
const DOWN_MS = 30_000;
/** As while a package of systemd's is upgraded: it executes itself anew, and answers nobody until then. */
const SILENT_MS = 3_000;

/** What containerd does, and systemd: one containerd hangs from the moment our files are written, and nobody has restarted it. */
export type World =
  | 'good'
  | 'comes back late'
  | 'always busy'
  | 'hangs before its restart'
  | 'systemd is silent for a while'
  | 'comes back late, and the restore script does not end in time';

export interface Played {
  readonly ended: string;
  readonly message: string;
  readonly tookMs: number;
  /** -1: never. */
  readonly restartedAtMs: number;
  /** The host's timer still runs. */
  readonly armed: boolean;
}

/**
 * A whole install on a made-up machine below `root`, for tests, in made-up time: a sleep moves the monotonic clock, and at
 * every look at the wall clock that jumps by the next of `jumps`.
 */
export async function playInstall(root: string, world: World, jumps: readonly number[] = []): Promise<Played> {
  layMachine(root);
  let monotonicMs = 0;
  let wallMs = Date.UTC(2026, 0, 1);
  let looks = 0;
  const clock: Clock = {
    nowMs: () => {
      wallMs += jumps[looks % Math.max(1, jumps.length)] ?? 0;
      looks += 1;
      return wallMs + monotonicMs;
    },
    monotonicMs: () => monotonicMs,
    sleep: async (ms) => {
      monotonicMs += ms;
    },
  };
  const daemonState: DaemonState = { invocation: 1, restartedAtMs: -1, armed: false };
  const host = hostOf(root, world, daemonState, () => monotonicMs);
  const facts = factsOf(host);
  const { runtime } = facts;
  const plan = planInstall(facts, [wasmtime]);
  if (plan.kind !== 'change' || runtime.kind !== 'containerd') throw new Error(JSON.stringify(plan));
  const daemon: Daemon = { ...runtime, configFlag: undefined, parent: undefined };
  const ended: Ended = await runTransaction('install', plan, runtime, daemon, {
    host,
    cri: criOf(host, runtime, world, daemonState, wallMs),
    clock,
    log: silentLogger(),
    steps: startSteps(clock, silentLogger()),
    limits: LIMITS,
    signal: new AbortController().signal,
    newId: () => '1-a',
  });
  const how = ended.kind === 'committed' ? ended.kind : `${ended.kind} ${ended.reason}`;
  const message = ended.kind === 'committed' ? '' : ended.message;
  const { restartedAtMs, armed } = daemonState;
  return { ended: how, message, tookMs: monotonicMs, restartedAtMs, armed };
}

interface DaemonState {
  invocation: number;
  restartedAtMs: number;
  armed: boolean;
}

function layMachine(root: string): void {
  rmSync(root, { recursive: true, force: true });
  for (const directory of ['proc/sys/kernel/random', 'etc/systemd/system', join(dirname(ROOT), 'conf.d')])
    mkdirSync(join(root, directory), { recursive: true });
  symlinkSync(root, join(root, 'proc/1'));
  writeFileSync(join(root, ROOT), 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n');
  writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), 'boot\n');
}

function hostOf(root: string, world: World, daemon: DaemonState, nowMs: () => number): Host {
  const host = openHost(root, join(root, 'proc'));
  const answer = (stdout = ''): CommandResult => ({ exitCode: 0, timedOut: false, stdout, stderr: '', why: '' });
  return {
    ...host,
    run: async ([program = '', ...args]) => {
      const line = [program, ...args].join(' ');
      if (line.includes('config dump')) return answer(dumpOf(host, args[1] ?? ROOT));
      if (program === 'systemd-run') {
        daemon.armed = true;
        return answer();
      }
      if (line.startsWith('systemctl stop kwasm-switch-')) daemon.armed = false;
      if (line.includes('restore.sh')) {
        if (world.includes('the restore script does not end'))
          return { ...answer(), exitCode: undefined, timedOut: true, why: 'no end after 30 s' };
        // The script has tests of its own; here it says that it has done its work.
        writeFileSync(host.at('/var/lib/kwasm/txn/1-a/outcome'), 'rolledBack installer\n');
        return answer();
      }
      if (line.startsWith('systemctl --no-block restart')) {
        daemon.invocation += 1;
        daemon.restartedAtMs = nowMs();
        return answer();
      }
      if (!line.includes('MainPID')) return answer('ActiveState=inactive\n');
      const restartedMs = daemon.restartedAtMs;
      if (world === 'systemd is silent for a while' && restartedMs >= 0 && nowMs() < restartedMs + SILENT_MS)
        return { ...answer(), exitCode: 1, why: 'Failed to get properties: Connection timed out' };
      const down = world.startsWith('comes back late') && daemon.invocation > 1 && nowMs() < DOWN_MS;
      return answer(`ActiveState=${down ? 'activating' : 'active'}\nInvocationID=${daemon.invocation}\nMainPID=42\n`);
    },
  };
}

const factsOf = (host: Host, path = ROOT): Facts => sampleFacts(VERSION, readConfig(host, path));

function dumpOf(host: Host, path: string): string {
  return stringify((factsOf(host, path).runtime as ContainerdFacts).dump as object);
}

function criOf(host: Host, before: ContainerdFacts, world: World, daemon: DaemonState, startMs: number): Cri {
  const base = { sandboxId: 's', podUid: 'u', createdAtMs: startMs - 1000 };
  const creating: Container = { ...base, id: 'c', name: 'slow', state: 'created' };
  const written = () => (factsOf(host).runtime as ContainerdFacts).config.dropIns.length > 0;
  let hangs = false;
  const assertAnswers = () => {
    hangs ||= world === 'hangs before its restart' && written();
    const cause = Object.assign(new Error('Deadline exceeded'), { code: 4 });
    if (hangs) throw new Retryable('CRI: Deadline exceeded', { cause });
  };
  return {
    version: async () => ({ name: 'containerd', version: VERSION }),
    status: async () => {
      assertAnswers();
      const { live } = daemon.invocation > 1 ? (factsOf(host).runtime as ContainerdFacts) : before;
      const runtimes = live.map(({ name, type, options }) => [name, { runtimeType: type, options }]);
      const config = { containerd: { runtimes: Object.fromEntries(runtimes) } };
      return { ready: true, message: '', handlers: [], config };
    },
    sandboxes: async () => [],
    sandboxPid: async () => undefined,
    containers: async () => {
      assertAnswers();
      return world === 'always busy' && daemon.invocation === 1 ? [creating] : [];
    },
    container: async () => undefined,
    close: () => {},
  };
}
