import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { HOST } from '../../contract.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import { makeDirectory, writeText } from './files.ts';
import { transactionDir } from './journal.ts';

/**
 * The dead man's switch: a timer of the host's own systemd that undoes the change unless we commit in time, so that the
 * node heals even when the installer, its pod or the whole container runtime is gone.
 */
const SCRIPT = join(HOST.state, 'bin/restore.sh');
const TIMEOUT_MS = 30_000;
const unitName = (id: string, round: number): string => `kwasm-switch-${id}-${round}`;
/** Of every round: systemctl takes patterns for units that are loaded. */
const anyUnit = (id: string): string => `kwasm-switch-${id}-*`;

/** Beside this file, in the sources as in the image. */
const scriptText = (): string => readFileSync(new URL('restore.sh', import.meta.url), 'utf8');

export async function stageRestoreScript(host: Host): Promise<void> {
  const at = host.at(SCRIPT);
  makeDirectory(dirname(at), 0o700);
  const text = scriptText();
  if (!existsSync(at) || readFileSync(at, 'utf8') !== text) await writeText(at, text, 0o700);
}

/** Not armed means no write: the read-back is the proof, not systemd-run's exit code. */
export async function armSwitch(host: Host, id: string, seconds: number, round = 1): Promise<void> {
  const unit = unitName(id, round);
  const started = await host.run(
    [
      'systemd-run',
      `--unit=${unit}`,
      `--on-active=${seconds}s`,
      '--timer-property=AccuracySec=1s',
      '--description=kwasm: undo an unfinished change of containerd',
      '/bin/sh',
      SCRIPT,
      transactionDir(id),
      'deadman',
    ],
    { timeoutMs: TIMEOUT_MS },
  );
  if (started.exitCode === 0 && (await isArmed(host, id))) return;
  throw new Failure('SwitchNotArmed', `the roll-back timer ${unit} did not start: ${started.why}`);
}

/** More time: the next round's timer runs before the last one is stopped. */
export async function extendSwitch(host: Host, id: string, seconds: number, round: number): Promise<void> {
  await armSwitch(host, id, seconds, round);
  await host.run(['systemctl', 'stop', `${unitName(id, round - 1)}.timer`], { timeoutMs: TIMEOUT_MS });
}

export async function isArmed(host: Host, id: string): Promise<boolean> {
  const done = await host.run(['systemctl', 'is-active', `${anyUnit(id)}.timer`], { timeoutMs: TIMEOUT_MS });
  return done.exitCode === 0;
}

/** The script runs right now: it has decided, and its end must be waited for. */
export async function isFiring(host: Host, id: string): Promise<boolean> {
  const argv = ['systemctl', 'show', '-p', 'ActiveState', `${anyUnit(id)}.service`];
  const done = await host.run(argv, { timeoutMs: TIMEOUT_MS });
  return /^ActiveState=(active|activating)$/m.test(done.stdout);
}

/** Stopping a transient timer also removes it. A script that runs already is left to end. */
export async function disarmSwitch(host: Host, id: string): Promise<void> {
  await host.run(['systemctl', 'stop', `${anyUnit(id)}.timer`], { timeoutMs: TIMEOUT_MS });
  await host.run(['systemctl', 'reset-failed', `${anyUnit(id)}.service`], { timeoutMs: TIMEOUT_MS });
}

/** The same script, run by us: one way to undo, tested as one. */
export async function runRestore(host: Host, id: string, timeoutMs: number): Promise<string> {
  const done = await host.run(['/bin/sh', SCRIPT, transactionDir(id), 'installer'], { timeoutMs });
  const said = `${done.stdout}\n${done.stderr}`.trim();
  return done.timedOut || said === '' ? `${SCRIPT}: ${done.why}` : said;
}
