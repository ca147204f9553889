import { collectShims } from './apply/collect.ts';
import { assertSpace } from './apply/space.ts';
import { stageShims, unstage } from './apply/stage.ts';
import { runTransaction, warn, writeRecord } from './apply/transaction.ts';
import { assertPodsOutlive } from './detect/at-risk.ts';
import { openTransactions } from './history.ts';
import { exists } from './host.ts';
import type { Change, Plan } from './plan/change.ts';
import { hostFinding } from './plan/checks.ts';
import { planInstall } from './plan/install.ts';
import { type ShimAsset, shimPath } from './plan/shim.ts';
import { RECORD_PATH } from './record.ts';
import type { Report, Run, Session } from './run.ts';
import { withSession } from './run.ts';
import { type Known, knownShims, removeFetched, type Supply, supplyShims, unknownShim } from './supply.ts';

export function install(run: Run): Promise<Report> {
  return withSession(run, 'install', async (session) => {
    const finding = hostFinding(session.facts);
    if (finding !== undefined) return session.report('refused', finding.reason, finding.message);
    removeFetched(run); // of a run that died
    const known = knownShims(run, session.facts);
    const inTheWay = known.missing.length === 0 ? undefined : await refusedAnyway(session, run, known);
    if (inTheWay !== undefined) return inTheWay;
    try {
      return await installed(session, run, await supplyShims(run, session.facts, known));
    } finally {
      removeFetched(run);
    }
  });
}

/** While pods are in the way it is tried again and again: nothing is downloaded for that. */
async function refusedAnyway(session: Session, run: Run, { shims, missing }: Known): Promise<Report | undefined> {
  const { facts, runtime, context } = session;
  const plan = await planned(session, [...shims, ...missing.map((one) => unknownShim(one, facts.host.arch))]);
  if (plan.kind === 'refused') {
    const { reason, message: text, pods } = plan.finding;
    return session.report('refused', reason, text, { pods });
  }
  await assertPodsOutlive(run.host, runtime, context.cri, () => run.clock.nowMs());
  return undefined;
}

async function planned({ facts, context }: Session, shims: readonly ShimAsset[]): Promise<Plan> {
  const sandboxes = (await context.cri.sandboxes()).filter(({ ready }) => ready);
  return planInstall(facts, shims, sandboxes);
}

async function installed(session: Session, run: Run, { shims, notes }: Supply): Promise<Report> {
  const plan = await planned(session, shims);
  const fitting = shims.filter(({ arch }) => arch === session.facts.host.arch);
  switch (plan.kind) {
    case 'refused': {
      const { reason, message: text, pods } = plan.finding;
      return session.report('refused', reason, text, { pods });
    }
    case 'absent':
      return session.report('absent', 'NothingInstalled', 'nothing to install');
    case 'unchanged':
      return withNotes(await keep(session, run, fitting), notes);
    case 'change':
      return withNotes(await change(session, run, fitting, plan), notes);
  }
}

const withNotes = (report: Report, notes: readonly string[]): Report => ({
  ...report,
  message: [report.message, ...notes].join('; '),
});

/** Files and daemon are as they should be. A shim that was deleted is put back; that needs no restart. */
async function keep(session: Session, run: Run, shims: readonly ShimAsset[]): Promise<Report> {
  const staged: string[] = [];
  const { prefix } = session.runtime.distribution;
  assertSpace(run.host, run.assets, shims, prefix, []);
  await run.steps.run('stage shims', () => stageShims(run.host, run.assets, shims, prefix, staged));
  // Also where somebody has cleared our directory: without a record the host would be taken for one without an installation.
  if (staged.length > 0 || !exists(run.host, RECORD_PATH)) await writeRecord(run.host, []);
  const handlers = shims.map(({ handler }) => handler);
  const files = [...staged, ...(await collect(session, run))];
  return session.resumed
    ? session.report('installed', 'Installed', message(handlers), { handlers, files })
    : session.report('unchanged', 'Unchanged', `${handlers.join(', ')}: live already, nothing was restarted`, {
        handlers,
        files,
      });
}

async function change(session: Session, run: Run, shims: readonly ShimAsset[], plan: Change): Promise<Report> {
  const staged: string[] = [];
  const { prefix } = session.runtime.distribution;
  const takeBack = () => unstage(run.host, staged);
  assertSpace(run.host, run.assets, shims, prefix, plan.files);
  try {
    await assertPodsOutlive(run.host, session.runtime, session.context.cri, () => run.clock.nowMs());
    await run.steps.run('stage shims', () => stageShims(run.host, run.assets, shims, prefix, staged));
    const ended = await runTransaction('install', plan, session.runtime, session.daemon, session.context);
    if (ended.kind === 'committed') {
      const handlers = plan.handlers.map(({ name }) => name);
      const files = [
        ...shims.map((shim) => shimPath(shim, prefix)),
        ...plan.files.map(({ path }) => path),
        ...(await collect(session, run)),
      ];
      return session.report('installed', 'Installed', message(handlers), { handlers, files });
    }
    if (ended.kind !== 'broken') takeBack();
    return session.report(ended.kind, ended.reason, ended.message);
  } catch (error) {
    // A change that is not ended may have got as far as to the files; whoever ends it, the host's timer or the next run, needs them.
    if (openTransactions(run.host).length === 0) takeBack();
    throw error;
  }
}

/** The node is as it should be by now: old versions that cannot be removed are the next run's. */
async function collect({ context, runtime }: Session, run: Run): Promise<readonly string[]> {
  try {
    const versions = await run.steps.run('collect old shims', () => collectShims(run.host, context.cri, runtime));
    for (const { directory, neededBy } of versions)
      run.log.info(neededBy === undefined ? 'shim removed' : 'shim kept', { directory, why: neededBy ?? 'unused' });
    return versions.filter(({ neededBy }) => neededBy === undefined).map(({ directory }) => directory);
  } catch (error) {
    warn('remove old shims', context)(error);
    return [];
  }
}

const message = (handlers: readonly string[]): string => `containerd serves ${handlers.join(', ')}`;
