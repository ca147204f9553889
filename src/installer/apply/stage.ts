import { chmodSync, chownSync, existsSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path/posix';
import { processesFrom } from '../detect/daemon.ts';
import { Failure } from '../failure.ts';
import { broughtPath, broughtText, sha256Of } from '../fetch/brought.ts';
import { elfProblem } from '../fetch/format.ts';
import { headOf } from '../fetch/unpack.ts';
import type { Host } from '../host.ts';
import { PREFIXES, type ShimAsset, shimPath, shimsBelow } from '../plan/shim.ts';
import { copyWhole, makeDirectory, syncDirectory, syncFile, writeText } from './files.ts';
import { forgetStaged, noteStaged, readStaged } from './staged.ts';

const START_TIMEOUT_MS = 5000;
/** The directory of one shim, as shimPath names it: nothing above that is removed with all that is in it. */
const VERSION = /\/shims\/[^/]+\/[0-9a-f]{16}$/;

/**
 * Puts the shims where no running pod's shim can be disturbed. `staged` gets the paths of new files, also if it throws: a
 * shim that was there and is only mended is none, for a configuration may name it.
 */
export async function stageShims(
  host: Host,
  assets: string,
  shims: readonly ShimAsset[],
  prefix: string,
  staged: string[],
): Promise<void> {
  const targets = shims.map((shim) => shimPath(shim, prefix));
  await noteStaged(
    host,
    targets.filter((target) => !existsSync(host.at(target))),
  );
  for (const shim of shims) {
    const target = shimPath(shim, prefix);
    const at = host.at(target);
    if (!existsSync(at) || sha256Of(at) !== shim.sha256) {
      const source = resolve(assets, shim.file);
      const problem = problemOf(shim, source);
      if (problem !== undefined) throw new Failure('ShimCorrupt', `shim "${shim.handler}" (${source}): ${problem}`);
      makeDirectory(dirname(at));
      if (!existsSync(at)) staged.push(target);
      const temporary = `${at}.new`;
      await copyWhole(source, temporary);
      chownSync(temporary, 0, 0);
      chmodSync(temporary, 0o755);
      syncFile(temporary);
      renameSync(temporary, at);
      syncDirectory(dirname(at));
      await assertStarts(host, shim, target);
    }
    await recordPin(host, shim, target, staged);
  }
}

async function recordPin(host: Host, shim: ShimAsset, target: string, staged: string[]): Promise<void> {
  if (shim.pin === undefined) return;
  const text = broughtText(host, target, shim.binary, shim.sha256, shim.pin);
  if (text === undefined) return;
  const path = broughtPath(target);
  if (!existsSync(host.at(path))) staged.push(path);
  await writeText(host.at(path), text);
}

function problemOf(shim: ShimAsset, source: string): string | undefined {
  if (!existsSync(source)) return 'the file is missing from the image';
  const found = sha256Of(source);
  if (found !== shim.sha256) return `its sha256 is ${found}, expected ${shim.sha256}`;
  return elfProblem(headOf(source), shim.arch);
}

/**
 * On the host, with the host's libraries. containerd >= 2.2.7 asks every shim for `-info` when it starts, and waits for the
 * answer without a limit; that a shim does not know the question is no harm.
 */
async function assertStarts(host: Host, shim: ShimAsset, path: string): Promise<void> {
  const refuse = (flag: string, why: string): Failure =>
    new Failure('ShimCorrupt', `shim "${shim.handler}" does not start on this host: ${path} ${flag}: ${why}`);
  const version = await host.run([path, '-v'], { timeoutMs: START_TIMEOUT_MS });
  if (version.exitCode !== 0) throw refuse('-v', version.why);
  const info = await host.run([path, '-info'], { timeoutMs: START_TIMEOUT_MS });
  if (info.timedOut) throw refuse('-info', info.why);
}

/** Takes back what this run staged, unless a pod has begun to use it. */
export function unstage(host: Host, staged: readonly string[]): void {
  for (const path of staged) if (processesFrom(host, dirname(path)).length === 0) removeWithParents(host, path);
  forgetStaged(host);
}

/** What a run that died has staged: no configuration names it. With whatever else it left beside each. */
export function removeStaged(host: Host): void {
  for (const path of readStaged(host)) {
    const version = dirname(path);
    if (!isOurs(version) || !VERSION.test(version) || processesFrom(host, version).length > 0) continue;
    rmSync(host.at(version), { recursive: true, force: true });
    removeWithParents(host, path);
  }
}

/** Process ids of shims of ours. */
export function runningShims(host: Host): readonly number[] {
  return PREFIXES.flatMap((prefix) => processesFrom(host, shimsBelow(prefix)));
}

/** All shims of ours. The caller has made sure that none runs. */
export function removeShims(host: Host): void {
  for (const prefix of PREFIXES) {
    rmSync(host.at(shimsBelow(prefix)), { recursive: true, force: true });
    removeIfEmpty(host, prefix);
  }
}

function removeWithParents(host: Host, path: string): void {
  rmSync(host.at(path), { force: true });
  for (let parent = dirname(path); isOurs(parent); parent = dirname(parent)) {
    if (existsSync(host.at(parent)) && !removeIfEmpty(host, parent)) return;
  }
}

const isOurs = (path: string): boolean => PREFIXES.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));

export function removeIfEmpty(host: Host, path: string): boolean {
  const at = host.at(path);
  if (!existsSync(at) || readdirSync(at).length > 0) return false;
  try {
    rmdirSync(at);
    syncDirectory(dirname(at));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false; // somebody's mount point
    throw error;
  }
}
