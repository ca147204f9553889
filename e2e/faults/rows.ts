import { runInstaller } from '../harness/installer-run.ts';
import { badRows } from './bad-shims.ts';
import { type Cell, expectTruth, expectWhole, install, nextRun, SHORT } from './cell.ts';
import {
  allowStart,
  installerGone,
  killInstaller,
  killNode,
  killPod,
  reached,
  refuseStart,
  settledByHost,
} from './faults.ts';
import { coverPrograms, POINTS, type PointName, pauseAt, releasePaused } from './pause.ts';
import type { Row } from './row.ts';
import { upgradeRows } from './upgrade-rows.ts';

const ANY_END = ['installed', 'unchanged', 'rolledBack'];
/** So long that a row's own steps never wait for it. */
const PATIENT = { ...SHORT, KWASM_SWITCH_SECONDS: '90' };

const kills: readonly Row[] = (Object.keys(POINTS) as PointName[]).flatMap((point) => [
  {
    id: `kill -9 of the installer: ${POINTS[point].name}`,
    ...quick(point, ['restarted']),
    run: (cell: Cell) => killedInstaller(cell, point),
  },
  {
    id: `kill -9 of its pod: ${POINTS[point].name}`,
    ...quick(point, ['written']),
    run: (cell: Cell) => killedPod(cell, point),
  },
  {
    id: `power cut: ${POINTS[point].name}`,
    ...quick(point, ['restarted']),
    run: (cell: Cell) => powerCut(cell, point),
  },
]);

function quick(point: PointName, of: readonly PointName[]): { readonly quick?: true } {
  return of.includes(point) ? { quick: true } : {};
}

/** Starts an install that stands still at the step. A roll-back needs a reason: containerd refuses to start. */
async function startUntil(cell: Cell, point: PointName, env: Readonly<Record<string, string>>) {
  await coverPrograms(cell.node);
  await pauseAt(cell.node, point);
  if (point === 'undoing') await refuseStart(cell.node);
  const run = await install(cell, env);
  await reached(cell, run);
  return run;
}

/** The Job starts another pod at once. */
async function killedInstaller(cell: Cell, point: PointName): Promise<void> {
  await startUntil(cell, point, point === 'undoing' ? { ...PATIENT, KWASM_VERIFY_SECONDS: '4' } : PATIENT);
  await killInstaller(cell);
  if (point === 'undoing') await allowStart(cell.node);
  await nextRun(cell, PATIENT);
  await expectTruth(cell, ANY_END);
}

/** Nobody comes back for it: the host's timer must do. */
async function killedPod(cell: Cell, point: PointName): Promise<void> {
  const run = await startUntil(cell, point, point === 'undoing' ? { ...SHORT, KWASM_VERIFY_SECONDS: '4' } : SHORT);
  await killPod(cell, run);
  if (armed(point)) await settledByHost(cell);
  await expectWhole(cell);
  if (point === 'undoing') await allowStart(cell.node);
  await nextRun(cell);
  await expectTruth(cell, ANY_END);
}

const armed = (point: PointName): boolean => !['staged', 'prepared'].includes(point);

/** The timer is gone with the machine: the boot-time unit must do. */
async function powerCut(cell: Cell, point: PointName): Promise<void> {
  await startUntil(cell, point, point === 'undoing' ? { ...PATIENT, KWASM_VERIFY_SECONDS: '4' } : PATIENT);
  await killNode(cell);
  if (armed(point)) await settledByHost(cell);
  await expectWhole(cell);
  await nextRun(cell);
  await expectTruth(cell, ANY_END);
}

const daemon: readonly Row[] = [
  {
    id: 'containerd is killed while its proof runs',
    run: async (cell) => {
      const run = await startUntil(cell, 'restarted', PATIENT);
      await cell.node.sh('pkill -KILL -x containerd');
      await releasePaused(cell.node);
      cell.verdict = (await run.ended()).verdict;
      await expectTruth(cell, ['installed', 'rolledBack']);
    },
  },
  {
    id: 'containerd refuses to start with the change',
    quick: true,
    run: async (cell) => {
      await refuseStart(cell.node);
      try {
        const run = await install(cell, { ...PATIENT, KWASM_VERIFY_SECONDS: '6' });
        cell.verdict = (await run.ended()).verdict;
      } finally {
        await allowStart(cell.node);
      }
      await expectTruth(cell, ['rolledBack']);
    },
  },
  {
    id: 'containerd hangs (SIGSTOP) while its proof runs',
    run: async (cell) => {
      const run = await startUntil(cell, 'restarted', PATIENT);
      await cell.node.sh('pkill -STOP -x containerd');
      await releasePaused(cell.node);
      cell.verdict = (await run.ended()).verdict;
      await expectTruth(cell, ['rolledBack']);
    },
  },
  ...(
    [
      ['staged', 'failed'],
      ['armed', 'rolledBack'],
    ] as const
  ).map(([point, outcome]) => ({
    id: `containerd hangs (SIGSTOP), and we have not restarted it: ${POINTS[point].name}`,
    run: async (cell: Cell) => {
      const run = await startUntil(cell, point, PATIENT);
      await cell.node.sh('pkill -STOP -x containerd');
      await releasePaused(cell.node);
      try {
        // The kubelet learns of the pod's end from containerd.
        await installerGone(cell);
      } finally {
        await cell.node.sh('pkill -CONT -x containerd');
      }
      cell.verdict = (await run.ended()).verdict;
      if (cell.verdict?.reason !== 'NoAnswer') cell.problems.push(`expected NoAnswer, got ${cell.verdict?.reason}`);
      await expectTruth(cell, [outcome]);
    },
  })),
  {
    id: 'containerd hangs (SIGSTOP) before its restart',
    run: async (cell) => {
      const run = await startUntil(cell, 'written', PATIENT);
      await cell.node.sh('pkill -STOP -x containerd');
      await releasePaused(cell.node);
      cell.verdict = (await run.ended(180_000)).verdict;
      await expectTruth(cell, ['installed', 'rolledBack']);
    },
  },
];

const disk: readonly Row[] = [
  {
    id: 'the disk of the state is full before anything',
    quick: true,
    run: async (cell) => {
      await cell.node.sh('mkdir /var/lib/kwasm && mount -t tmpfs -o size=1m,mode=700 none /var/lib/kwasm');
      try {
        cell.verdict = (await (await install(cell)).ended()).verdict;
        if (cell.verdict?.reason !== 'NoSpace') cell.problems.push(`expected NoSpace, got ${cell.verdict?.reason}`);
      } finally {
        await cell.node.sh('umount /var/lib/kwasm; rmdir /var/lib/kwasm 2>/dev/null || true');
      }
      await expectTruth(cell, ['failed']);
    },
  },
  ...(['prepared', 'written', 'restarted'] as const).map((point) => ({
    id: `the disk of the state fills up: ${POINTS[point].name}`,
    run: async (cell: Cell) => {
      await cell.node.sh('mkdir /var/lib/kwasm && mount -t tmpfs -o size=6m,mode=700 none /var/lib/kwasm');
      try {
        const run = await startUntil(cell, point, PATIENT);
        await cell.node.sh('dd if=/dev/zero of=/var/lib/kwasm/fill bs=4k 2>/dev/null; true');
        await releasePaused(cell.node);
        cell.verdict = (await run.ended()).verdict;
        await cell.node.sh('rm -f /var/lib/kwasm/fill');
        if (cell.verdict?.outcome !== 'installed' && cell.verdict?.reason !== 'NoSpace')
          cell.problems.push(`said ${cell.verdict?.reason}, expected NoSpace`);
        await expectWhole(cell);
        if (cell.verdict?.outcome === 'installed') {
          await nextRun(cell);
          await expectTruth(cell, ['installed', 'unchanged']);
          await runInstaller(cell.node.test, cell.node.name, 'uninstall', SHORT);
        }
      } finally {
        await cell.node.sh('umount -l /var/lib/kwasm; rmdir /var/lib/kwasm 2>/dev/null || true');
      }
      if (cell.verdict?.outcome !== 'installed' && cell.verdict?.outcome !== 'unchanged')
        await expectTruth(cell, ['failed', 'rolledBack']);
    },
  })),
  {
    id: 'the configuration is on a read-only mount',
    run: async (cell) => {
      await cell.node.sh('mount --bind /etc/containerd /etc/containerd && mount -o remount,ro,bind /etc/containerd');
      try {
        cell.verdict = (await (await install(cell)).ended()).verdict;
      } finally {
        await cell.node.sh('umount /etc/containerd');
      }
      await expectTruth(cell, ['refused']);
    },
  },
  {
    id: 'the configuration becomes read-only after the plan',
    run: async (cell) => {
      // A file system of its own, since a mount made later would not reach the installer's view of the host.
      await cell.node.sh(
        'cp -a /etc/containerd /var/tmp/was && mount -t tmpfs none /etc/containerd && cp -a /var/tmp/was/. /etc/containerd/ && rm -r /var/tmp/was',
      );
      try {
        const run = await startUntil(cell, 'armed', PATIENT);
        await cell.node.sh('mount -o remount,ro /etc/containerd');
        await releasePaused(cell.node);
        cell.verdict = (await run.ended()).verdict;
        if (cell.verdict?.outcome !== 'rolledBack')
          cell.problems.push(`said ${cell.verdict?.outcome}, expected rolledBack`);
      } finally {
        await cell.node.sh('umount -l /etc/containerd');
      }
      // What could not be removed there keeps the journal: the next run ends it, and says so; else it installs.
      await nextRun(cell);
      await expectTruth(cell, ['rolledBack', 'installed']);
    },
  },
];

const races: readonly Row[] = [
  {
    id: 'somebody edits the file between plan and commit',
    quick: true,
    run: async (cell) => {
      const run = await startUntil(cell, 'armed', PATIENT);
      await cell.node.sh(
        'cp -p /etc/containerd/config.toml /var/tmp/config.was && echo "# theirs" >>/etc/containerd/config.toml',
      );
      await releasePaused(cell.node);
      cell.verdict = (await run.ended()).verdict;
      const theirs = await cell.node.sh('tail -1 /etc/containerd/config.toml');
      if (theirs !== '# theirs') cell.problems.push(`the foreign edit is lost: ${theirs}`);
      await cell.node.sh('mv /var/tmp/config.was /etc/containerd/config.toml');
      await expectTruth(cell, ['rolledBack', 'installed']);
    },
  },
  {
    id: 'somebody edits the file while the proof runs',
    run: async (cell) => {
      const run = await startUntil(cell, 'restarted', PATIENT);
      await cell.node.sh(
        'cp -p /etc/containerd/config.toml /var/tmp/config.now && echo "# theirs" >>/etc/containerd/config.toml',
      );
      await releasePaused(cell.node);
      cell.verdict = (await run.ended()).verdict;
      const text = await cell.node.sh('cat /etc/containerd/config.toml');
      if (!text.includes('# theirs')) cell.problems.push('the foreign edit is lost');
      await cell.node.sh("sed -i '/^# theirs$/d' /etc/containerd/config.toml; rm /var/tmp/config.now");
      await expectTruth(cell, ['rolledBack', 'installed']);
    },
  },
  {
    id: 'two installers at once',
    run: async (cell) => {
      const run = await startUntil(cell, 'restarted', PATIENT);
      const second = await install(cell, PATIENT, undefined, `installer-${cell.node.name}-second`);
      const other = (await second.ended()).verdict;
      if (other?.reason !== 'Locked') cell.problems.push(`the second said ${other?.outcome} ${other?.reason}`);
      await releasePaused(cell.node);
      cell.verdict = (await run.ended()).verdict;
      await expectTruth(cell, ['installed']);
    },
  },
  {
    id: 'production deadlines: its pod is killed while the proof runs, and nobody comes back',
    only: '2.4',
    run: async (cell) => {
      const run = await startUntil(cell, 'restarted', { KWASM_SETTLE_SECONDS: '' });
      await killPod(cell, run);
      await settledByHost(cell, 400_000);
      await expectWhole(cell);
      await nextRun(cell, { KWASM_SETTLE_SECONDS: '' });
      await expectTruth(cell, ['rolledBack']);
    },
  },
];

export const ROWS: readonly Row[] = [...kills, ...daemon, ...disk, ...badRows, ...upgradeRows, ...races];
