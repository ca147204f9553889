import type { FaultNode } from './node.ts';

/**
 * Holds an installer at a chosen step, from outside: every step of a transaction begins with a call of the host's own
 * systemctl or systemd-run, so these two are covered by a script that waits when a call is the one that was named. The
 * product knows nothing of it. A mount, so that a reboot takes it away.
 */
const DIR = '/var/tmp/faults';
const COVERED = ['systemctl', 'systemd-run'];

/** A step, by the call that begins it: a shell condition on `$call`, run on the node. */
export interface Point {
  readonly name: string;
  readonly condition: string;
}

const journal = 'cat /var/lib/kwasm/txn/*/journal.json 2>/dev/null';
const decided = (decision: string) => `[ "$(cat /var/lib/kwasm/txn/*/decision 2>/dev/null)" = ${decision} ]`;
const restarted = `grep -q -- '--no-block restart' ${DIR}/calls`;
const call = (pattern: string, ...conditions: readonly string[]) =>
  `case "$call" in ${pattern}) ${['true', ...conditions].join(' && ')} ;; *) false ;; esac`;

export const POINTS = {
  staged: {
    name: 'shims staged, nothing journaled',
    condition: call('"systemctl show "*MainPID*', '! ls /var/lib/kwasm/txn'),
  },
  prepared: { name: 'journaled, not armed', condition: call('"systemd-run "*') },
  armed: { name: 'armed, nothing written', condition: call('"systemctl is-active kwasm-switch-"*') },
  written: {
    name: 'written, not restarted',
    condition: call('"systemctl --no-block restart "*', `${journal} | grep -q restarting`),
  },
  restarted: { name: 'restarted, not proved', condition: call('"systemctl show "*MainPID*', restarted) },
  committed: {
    name: 'committed, not cleaned up',
    condition: call('"systemctl stop kwasm-switch-"*', decided('commit')),
  },
  undoing: {
    name: 'rolling back',
    condition: call('"systemctl reset-failed containerd.service"', decided('rollback')),
  },
} as const satisfies Readonly<Record<string, Point>>;
export type PointName = keyof typeof POINTS;

const WRAPPER = `#!/bin/sh
call="\${0##*/} $*"
echo "$call" >>${DIR}/calls
if [ -f ${DIR}/when ] && . ${DIR}/when; then
  : >${DIR}/paused
  while [ -f ${DIR}/when ]; do sleep 0.05; done
  [ -f ${DIR}/lost ] && exit 1
fi
exec ${DIR}/real/\${0##*/} "$@"
`;

export async function coverPrograms(node: FaultNode): Promise<void> {
  await uncoverPrograms(node);
  await node.sh(
    `mkdir -p ${DIR}/real && cat >${DIR}/wrapper && chmod 755 ${DIR}/wrapper
    for name in ${COVERED.join(' ')}; do
      cp -a /usr/bin/$name ${DIR}/real/ && cp ${DIR}/wrapper ${DIR}/$name && mount --bind ${DIR}/$name /usr/bin/$name
    done`,
    WRAPPER,
  );
}

export async function uncoverPrograms(node: FaultNode): Promise<void> {
  await node.sh(
    `for name in ${COVERED.join(' ')}; do while umount /usr/bin/$name 2>/dev/null; do :; done; done; rm -rf ${DIR}`,
  );
}

export async function pauseAt(node: FaultNode, point: PointName): Promise<void> {
  await node.sh(
    `rm -f ${DIR}/paused ${DIR}/lost ${DIR}/calls; : >${DIR}/calls; cat >${DIR}/when.new && mv ${DIR}/when.new ${DIR}/when`,
    `${POINTS[point].condition}\n`,
  );
}

export async function isPaused(node: FaultNode): Promise<boolean> {
  return (await node.sh(`ls ${DIR}/paused 2>/dev/null || true`)) !== '';
}

/** The paused call is never made: whoever made it is dead. */
export async function dropPaused(node: FaultNode): Promise<void> {
  await node.sh(`: >${DIR}/lost; rm -f ${DIR}/when; sleep 0.3; rm -f ${DIR}/lost`);
}

/** The paused call goes on. */
export async function releasePaused(node: FaultNode): Promise<void> {
  await node.sh(`rm -f ${DIR}/when`);
}
