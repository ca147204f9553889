import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import { INSTALLER_CONTAINER } from '../../contract.ts';
import { messageOf } from '../../errors.ts';
import { decide, readDecision } from '../apply/decision.ts';
import { writeText } from '../apply/files.ts';
import { type Journal, readJournals, transactionDir } from '../apply/journal.ts';
import { readBaseline } from '../apply/observe.ts';
import { rollBack } from '../apply/roll-back.ts';
import { serviceState } from '../apply/service.ts';
import { extendSwitch } from '../apply/switch.ts';
import { finish, reasonOf, tidyState } from '../apply/transaction.ts';
import { verification, verify } from '../apply/verify.ts';
import { type Cri, connectCri } from '../cri/client.ts';
import { detect, liveHandlers } from '../detect/facts.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import { declaredHandlers, isKwasmType } from '../plan/handlers.ts';
import { type Report, type Run, reportOf } from '../run.ts';

const POLL_MS = 1000;
/** After this long without an answer, files that do not load are taken for the reason, and not for a half-written edit. */
const UNLOADABLE_MS = 10_000;
const LOAD_TIMEOUT_MS = 30_000;
/** The handlers of KWasm's installer and its relatives, which declare some of them by a name instead of a path. */
const KNOWN_HANDLERS = ['lunatic', 'slight', 'spin', 'spin-v2', 'wws', 'wasmedge', 'wasmer', 'wasmtime'];

/** Beside somebody else's installer: waits for its end, then judges the node, and commits or undoes everything. */
export async function guardWatch(run: Run): Promise<Report> {
  let journal: Journal | undefined;
  try {
    journal = readJournals(run.host).find(({ action }) => action === 'guard');
  } catch (error) {
    return reportOf(error);
  }
  if (journal === undefined || run.podUid === undefined || run.podUid === '')
    return reportOf(new Failure('Internal', 'nothing is armed on this host, or KWASM_POD_UID is not set'));
  const cri = connectCri(run.host.at(journal.socket), () => run.clock.nowMs());
  try {
    await spareOwn(run.host, journal);
    return await judge(journal, run.podUid, cri, run);
  } finally {
    cri.close();
    tidyState(run.host);
  }
}

/** A roll-back ends every process of the pod, so that none writes again after it, but for this one, which tells of it. */
async function spareOwn(host: Host, journal: Journal): Promise<void> {
  // As the restore script takes it: of a line for each hierarchy, the first that names a pod.
  const lines = readFileSync(host.process('self', 'cgroup'), 'utf8').split('\n');
  const own = lines.find((line) => /[/-]pod/.test(line))?.replace(/^.*:/, '') ?? '';
  await writeText(host.at(join(transactionDir(journal.id), 'spared')), `${own}\n`, 0o600);
}

async function judge(journal: Journal, podUid: string, cri: Cri, run: Run): Promise<Report> {
  const { host, steps } = run;
  try {
    const exitCode = await steps.run('third-party installer', () => awaitInstaller(journal, podUid, cri, run));
    if (exitCode !== 0)
      throw new Failure('InstallerFailed', `the installer image ended with exit code ${exitCode}; its log says why`);
    const free = journal.baseline.handlers.filter(({ type }) => isKwasmType(type)).map(({ name }) => name);
    const expected = { handlers: [], gone: [], free };
    const wanted = { ...verification(journal, expected, run.limits), previousStart: undefined };
    await steps.run('verify', () => verify(host, cri, run.clock, wanted, run.signal));
    const handlers = await steps.run('check config', () => provedHandlers(journal, run));
    const changed = isChanged(host, journal);
    if ((await decide(host, journal.id, 'commit')) !== 'commit')
      throw new Failure('SwitchFired', 'the host undid the change before it was proved: the time was too short');
    await finish(journal, run);
    const text = `containerd serves ${handlers.join(', ')}`;
    return changed
      ? { outcome: 'installed', reason: 'Installed', message: text, handlers, files: [] }
      : { outcome: 'unchanged', reason: 'Unchanged', message: text, handlers, files: [] };
  } catch (error) {
    const result = await steps.run('roll back', () => rollBack(journal, reasonOf(error), { ...run, cri }));
    return { outcome: result.kind, reason: result.reason, message: result.message, handlers: [], files: [] };
  }
}

/**
 * While containerd serves, the timer is kept from firing, however long their image takes to be pulled or to download. Once
 * containerd does not answer, it runs out, whether we live or not.
 */
async function awaitInstaller(journal: Journal, podUid: string, cri: Cri, run: Run): Promise<number> {
  const { host, clock, signal } = run;
  const { switchSeconds } = journal.limits;
  const refreshMs = (switchSeconds * 1000) / 3;
  let refreshedMs = Number.NEGATIVE_INFINITY;
  let servedMs = clock.monotonicMs();
  for (let round = 2; ; ) {
    if (readDecision(host, journal.id) !== undefined)
      throw new Failure(
        'SwitchFired',
        'containerd did not answer for too long, so the host undid the change by itself',
      );
    const seen = await look(journal, podUid, cri, run);
    if (seen.exitCode !== undefined) return seen.exitCode;
    if (seen.serving) servedMs = clock.monotonicMs();
    else await assertHope(journal, clock.monotonicMs() - servedMs, run);
    if (seen.serving && clock.monotonicMs() - refreshedMs >= refreshMs) {
      await extendSwitch(host, journal.id, switchSeconds, round);
      refreshedMs = clock.monotonicMs();
      round += 1;
    }
    await clock.sleep(POLL_MS, signal);
  }
}

/** A file it cannot load, or a time in which any start would have ended: waiting for the timer would only cost more. */
async function assertHope(journal: Journal, silentMs: number, { host }: Run): Promise<void> {
  if (silentMs < UNLOADABLE_MS) return;
  const loaded = await host.run(journal.loadConfig, { timeoutMs: LOAD_TIMEOUT_MS });
  const seconds = Math.round(silentMs / 1000);
  if (loaded.exitCode !== 0)
    throw new Failure('RestartFailed', `containerd is down for ${seconds} s: it cannot load its files: ${loaded.why}`);
  if (silentMs > journal.limits.verifyMs)
    throw new Failure('RestartFailed', `containerd does not answer for ${seconds} s, though its files load`);
}

async function look(
  journal: Journal,
  podUid: string,
  cri: Cri,
  { host, log }: Run,
): Promise<{ readonly serving: boolean; readonly exitCode: number | undefined }> {
  try {
    const { ready } = await cri.status();
    // Until they restart it, pods come and go as they like; only what runs then can be lost.
    if ((await serviceState(host, journal)).start === journal.start) {
      const { sandboxes, containers } = await readBaseline(cri);
      journal.baseline = { ...journal.baseline, sandboxes, containers };
    }
    const theirs = (await cri.containers()).find((one) => one.podUid === podUid && one.name === INSTALLER_CONTAINER);
    if (theirs?.state !== 'exited') return { serving: ready, exitCode: undefined };
    return { serving: ready, exitCode: (await cri.container(theirs.id))?.exitCode ?? 255 };
  } catch (error) {
    log.info('containerd does not answer', { why: messageOf(error) });
    return { serving: false, exitCode: undefined };
  }
}

/** What is on disk must load, and be what runs: else the next restart, whoever does it, would surprise everybody. */
async function provedHandlers(journal: Journal, { host, clock }: Run): Promise<readonly string[]> {
  const { facts, cri } = await detect(host, () => clock.nowMs());
  if (cri === undefined || facts.runtime.kind !== 'containerd')
    throw new Failure('RestartFailed', 'containerd is not found any more');
  try {
    const live = liveHandlers(await cri.status());
    const { missing } = facts.runtime.config;
    if (missing.length > 0) throw new Failure('ImportMissing', `an import is missing: ${missing.join(', ')}`);
    const waiting = declaredHandlers(facts.runtime.dump).find(
      ({ name, type }) => !live.some((one) => one.name === name && one.type === type),
    );
    if (waiting !== undefined)
      throw new Failure('HandlerNotServed', `handler "${waiting.name}" is written, but containerd does not serve it`);
    const before = journal.baseline.handlers.map(({ name }) => name);
    const proved = live
      .filter(({ name, type }) => !before.includes(name) || isKwasmType(type) || KNOWN_HANDLERS.includes(name))
      .map(({ name }) => name);
    if (proved.length > 0) return proved;
    throw new Failure(
      'HandlerNotServed',
      'the installer image ended with success, but containerd serves no new handler',
    );
  } finally {
    cri.close();
  }
}

function isChanged(host: Host, journal: Journal): boolean {
  const files = journal.files.some(({ path, before }, n) => {
    const at = host.at(path);
    if (before === 'absent' || !existsSync(at)) return before !== 'absent' || existsSync(at);
    return !readFileSync(at).equals(readFileSync(host.at(join(transactionDir(journal.id), 'before', String(n)))));
  });
  if (files) return true;
  return journal.watched.some((directory, n) => {
    const known = readFileSync(host.at(join(transactionDir(journal.id), 'listing', String(n))), 'utf8').split('\n');
    return readdirSync(host.at(directory)).some((name) => !known.includes(name) && !name.startsWith('.kwasm-'));
  });
}
