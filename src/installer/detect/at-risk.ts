import { lt, valid } from 'semver';
import type { Container, Cri, Sandbox } from '../cri/client.ts';
import { connectTasks } from '../cri/tasks.ts';
import type { Host } from '../host.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import { Refusal } from '../refusal.ts';
import { unitOf } from './daemon.ts';
import { processIds, readProcess } from './endpoint.ts';

/** A sandbox or a container that may not outlive the restart, by its id; `pod` is `namespace/name`. */
interface Suspect {
  readonly id: string;
  readonly pod: string;
}

/** The first that takes a shim which names no processes for a leak of an earlier crash (containerd#6866). */
const SINCE = '1.7.0-0';
/** The first that spares a sandbox of which runc finds no process, as when systemd has moved it to another group. */
const SPARES_RUNC = '2.0.0-0';
const RUNC = 'io.containerd.runc.v2';
/** As much of a shim's name as the kernel keeps. */
const SHIM_NAME = 'containerd-shim';
const SHOW_TIMEOUT_MS = 30_000;

/**
 * Refuses a restart that pods would not outlive. A containerd that starts asks each shim for its containers' processes
 * and discards those of one without an answer: upstream's Wasm shims (containerd-shimkit 0.1.2), and any that hangs. On
 * 1.7 runc's own, too, where its process is no longer in the group that runc looks into: cgroup version 1, systemd.
 */
export async function assertPodsOutlive(
  host: Host,
  runtime: ContainerdFacts,
  cri: Cri,
  nowMs: () => number,
): Promise<void> {
  await assertUnitSpares(host, runtime.unit);
  if (isBefore(runtime, SINCE)) return;
  const look = async (): Promise<readonly Suspect[]> =>
    suspectsOf(runtime, await cri.sandboxes(), await cri.containers());
  const suspects = await look();
  if (suspects.length === 0) return;
  const tasks = connectTasks(host.at(runtime.socket), nowMs);
  try {
    const named = await Promise.all(suspects.map(({ id }) => tasks.namesProcesses(id)));
    const silent = suspects.filter((_, n) => named[n] !== true);
    if (silent.length === 0) return;
    // What has ended while it was asked is at no risk.
    const still = new Set((await look()).map(({ id }) => id));
    const pods = new Set(silent.filter(({ id }) => still.has(id)).map(({ pod }) => pod));
    if (pods.size === 0) return;
    throw new Refusal(
      'PodsAtRisk',
      `a restart of containerd would end these pods, for their shims do not tell it their processes: ${[...pods].join(', ')}. Cordon the node and delete or move them`,
    );
  } finally {
    tasks.close();
  }
}

/**
 * Shims run in the group of the unit that has started them. Upstream's unit and every distribution's leave them alone when
 * they stop it (KillMode=process); systemd's own default ends them, and with them every pod, this one too.
 */
async function assertUnitSpares(host: Host, unit: string): Promise<void> {
  const done = await host.run(['systemctl', 'show', '-p', 'LoadState', '-p', 'KillMode', unit], {
    timeoutMs: SHOW_TIMEOUT_MS,
  });
  if (done.exitCode !== 0) throw new Error(`systemctl show ${unit}: ${done.why}`);
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(done.stdout)?.[1] ?? '';
  const state = value('LoadState');
  if (state !== 'loaded')
    throw new Refusal(
      'NoUnit',
      `${unit} runs, but systemd would not start it again: it is ${state}. Mend the unit first`,
    );
  const mode = value('KillMode');
  if (mode !== 'control-group' && mode !== 'mixed') return;
  const shims = processIds(host).filter(
    (pid) => readProcess(host, pid, 'comm').startsWith(SHIM_NAME) && unitOf(readProcess(host, pid, 'cgroup')) === unit,
  );
  if (shims.length === 0) return;
  throw new Refusal(
    'PodsAtRisk',
    `a restart of ${unit} would end every pod of the node: it has KillMode=${mode}, and ${shims.length} shims run in its group. Give it KillMode=process, as containerd's own unit has it: systemctl edit ${unit}`,
  );
}

const isBefore = ({ version }: ContainerdFacts, release: string): boolean =>
  valid(version) !== null && lt(version, release);

/**
 * From 2.0 on runc's shim is known to answer. A sandbox that names no handler runs on the default one, which is taken to
 * be runc.
 */
export function suspectsOf(
  runtime: ContainerdFacts,
  sandboxes: readonly Sandbox[],
  containers: readonly Container[],
): readonly Suspect[] {
  const { live } = runtime;
  if (isBefore(runtime, SPARES_RUNC)) {
    const ready = sandboxes.filter((one) => one.ready);
    const podOf = (sandboxId: string) => ready.find(({ id }) => id === sandboxId)?.pod;
    const running = containers.flatMap(({ id, sandboxId, state }) => {
      const pod = podOf(sandboxId);
      return state === 'running' && pod !== undefined ? [{ id, pod }] : [];
    });
    return [...ready.map(({ id, pod }) => ({ id, pod })), ...running];
  }
  return containers.flatMap(({ id, sandboxId, state }) => {
    const sandbox = sandboxes.find((one) => one.id === sandboxId && one.ready);
    if (state !== 'running' || sandbox === undefined || sandbox.handler === '') return [];
    const type = live.find(({ name }) => name === sandbox.handler)?.type;
    return type === RUNC ? [] : [{ id, pod: sandbox.pod }];
  });
}
