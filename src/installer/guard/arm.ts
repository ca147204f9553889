import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { ENV } from '../../contract.ts';
import { type Journal, type JournaledFile, prepareJournal } from '../apply/journal.ts';
import { readBaseline } from '../apply/observe.ts';
import { type Service, serviceState } from '../apply/service.ts';
import { stageRestoreScript } from '../apply/switch.ts';
import { arm, stagingOf } from '../apply/transaction.ts';
import type { Cri } from '../cri/client.ts';
import { assertPodsOutlive } from '../detect/at-risk.ts';
import { startTicks } from '../detect/endpoint.ts';
import { loadCommand } from '../detect/facts.ts';
import { FILE_BYTES_MAX } from '../detect/files.ts';
import { bootId } from '../detect/identity.ts';
import { Failure } from '../failure.ts';
import type { Host } from '../host.ts';
import { daemonLimits } from '../limits.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import { isGlob } from '../plan/glob.ts';
import { Refusal } from '../refusal.ts';
import { type Report, type Run, withSession } from '../run.ts';

const FILES_MAX = 500;

/**
 * Before somebody else's installer image runs: everything it may change about containerd is saved, and the host's own
 * timer will put it back unless `guard-watch` finds the node in order. Unlike our own change its bytes are not known
 * before, so whole directories are kept: those of the root file (K3s' templates are there, too) and of its patterns.
 */
export function guardArm(run: Run): Promise<Report> {
  return withSession(run, 'guard', async ({ facts, runtime, daemon, context, report }) => {
    const { host } = context;
    if (!facts.host.systemd) throw new Refusal('NoSystemd', `${facts.host.os} is not run by systemd`);
    if (runtime.unit === '') throw new Refusal('NoUnit', `containerd (pid ${runtime.pid}) belongs to no unit`);
    await assertPodsOutlive(host, runtime, context.cri, () => context.clock.nowMs());
    const watched = watchedDirectories(host, runtime);
    const files = snapshot(host, runtime, watched);
    await context.steps.run('back up', async () => {
      await stageRestoreScript(host);
      const { unit, socket, distribution } = runtime;
      const service: Service = { unit, socket, reload: distribution.reload.kind };
      const journal = await prepareJournal(
        host,
        {
          id: context.newId(),
          action: 'guard',
          bootId: bootId(host),
          ...service,
          start: (await serviceState(host, service)).start,
          staging: stagingOf(runtime),
          limits: daemonLimits(context.limits),
          loadConfig: loadCommand(daemon, runtime.config.root),
          baseline: await readBaseline(context.cri),
          handlers: [],
          gone: [],
          createDirectories: [],
          removeDirectories: [],
          guarded: await ownPod(host, context.cri, run.podUid),
          watched,
        },
        files,
      );
      await arm(journal, host);
    });
    const message = `${files.length} files are saved; the host undoes every change in ${context.limits.switchSeconds} s unless it is proved`;
    return report('unchanged', 'Armed', message);
  });
}

async function ownPod(host: Host, cri: Cri, podUid: string | undefined): Promise<Journal['guarded']> {
  if (podUid === undefined || podUid === '') throw new Failure('Internal', `${ENV.podUid} is not set`);
  const own = (await cri.sandboxes()).find((one) => one.ready && one.podUid === podUid);
  const pid = own === undefined ? undefined : await cri.sandboxPid(own.id);
  return pid === undefined ? { podUid } : { podUid, sandbox: { pid, startTicks: startTicks(host, pid) } };
}

function watchedDirectories(host: Host, { config }: ContainerdFacts): readonly string[] {
  const directories = [config.root.path, ...config.globs].map((path) => dirname(path)).filter((path) => !isGlob(path));
  return [...new Set(directories.map((path) => host.resolve(path)))].filter((path) => existsSync(host.at(path)));
}

function snapshot(host: Host, { config }: ContainerdFacts, watched: readonly string[]): readonly JournaledFile[] {
  const inside = watched.flatMap((directory) =>
    readdirSync(host.at(directory))
      .map((name) => join(directory, name))
      .filter((path) => lstatSync(join(host.at(directory), path.slice(directory.length + 1))).isFile()),
  );
  const read = [config.root, ...config.imported, config.kwasmMarker].map(({ path }) => host.resolve(path));
  const paths = [...new Set([...inside, ...read])];
  if (paths.length > FILES_MAX)
    throw new Refusal('ConfigUnreadable', `${watched.join(', ')} hold more than ${FILES_MAX} files`);
  return paths.map((path): JournaledFile => {
    const at = host.at(path);
    if (!existsSync(at)) return { path, before: { kind: 'absent' }, after: { kind: 'any' } };
    const bytes = readFileSync(at);
    if (bytes.length > FILE_BYTES_MAX)
      throw new Refusal('ConfigUnreadable', `${path} is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`);
    return { path, before: { kind: 'file', text: bytes.toString('utf8') }, after: { kind: 'any' } };
  });
}
