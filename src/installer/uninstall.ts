import { rmSync } from 'node:fs';
import { removeLeftovers } from './apply/leftovers.ts';
import { assertSpace } from './apply/space.ts';
import { removeShims, runningShims } from './apply/stage.ts';
import { runTransaction, warn } from './apply/transaction.ts';
import { assertPodsOutlive } from './detect/at-risk.ts';
import { detect } from './detect/facts.ts';
import { leftoversText } from './plan/leftovers.ts';
import { planUninstall } from './plan/uninstall.ts';
import { RECORD_PATH } from './record.ts';
import { Refusal } from './refusal.ts';
import { type Report, type Run, type Session, withSession } from './run.ts';

/** Config first, restart, proof; binaries and our own state last, so that nothing running ever loses its shim. */
export function uninstall(run: Run): Promise<Report> {
  return withSession(run, 'uninstall', async (session) => {
    const sandboxes = (await session.context.cri.sandboxes()).filter(({ ready }) => ready);
    const plan = planUninstall(session.facts, sandboxes);
    if (plan.kind === 'refused') {
      const { reason, message, pods } = plan.finding;
      return session.report('refused', reason, message, { pods });
    }
    assertNoShimRuns(run);
    if (plan.kind !== 'change') {
      removeTraces(run);
      const left = await leftovers(session, run);
      return session.resumed
        ? session.report('uninstalled', 'Uninstalled', `our change is undone${left.text}`, { files: left.removed })
        : session.report('absent', 'NothingInstalled', `the node had nothing of ours${left.text}`, {
            files: left.removed,
          });
    }
    return undo(session, run, plan);
  });
}

async function undo(session: Session, run: Run, plan: Parameters<typeof runTransaction>[1]): Promise<Report> {
  await assertPodsOutlive(run.host, session.runtime, session.context.cri, () => run.clock.nowMs());
  assertSpace(run.host, run.assets, [], session.runtime.distribution.prefix, plan.files);
  const ended = await runTransaction('uninstall', plan, session.runtime, session.daemon, session.context);
  if (ended.kind !== 'committed') return session.report(ended.kind, ended.reason, ended.message);
  await run.steps.run('remove shims', () => removeTraces(run));
  const left = await leftovers(session, run);
  const files = [...plan.files.map(({ path }) => path), ...left.removed];
  return session.report('uninstalled', 'Uninstalled', `our change is undone, the shims are removed${left.text}`, {
    files,
  });
}

/** With containerd as it is by now. What goes wrong here leaves files that nobody uses, and the uninstall done. */
async function leftovers(
  { context }: Session,
  run: Run,
): Promise<{ readonly removed: readonly string[]; readonly text: string }> {
  try {
    const { facts, cri } = await detect(run.host, () => run.clock.nowMs());
    cri?.close();
    const { runtime } = facts;
    if (runtime.kind !== 'containerd') return { removed: [], text: '' };
    const judged = await run.steps.run('remove leftovers', () => removeLeftovers(run.host, runtime));
    return { removed: judged.remove, text: leftoversText(judged) };
  } catch (error) {
    warn('remove leftovers', context)(error);
    return { removed: [], text: '' };
  }
}

function removeTraces({ host }: Run): void {
  removeShims(host);
  rmSync(host.at(RECORD_PATH), { force: true });
}

/** A shim without a sandbox: its pod is just ending, or it was left over. Never killed, never pulled from under. */
function assertNoShimRuns({ host }: Run): void {
  const running = runningShims(host);
  if (running.length === 0) return;
  throw new Refusal(
    'InUse',
    `no pod is left, but shims of ours still run (pid ${running.join(', ')}): their pods are just ending, or they were left over; if they stay, end them on the node with kill -9`,
  );
}
