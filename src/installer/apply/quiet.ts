import type { Clock } from '../../clock.ts';
import type { Cri } from '../cri/client.ts';

const POLL_MS = 500;
/** Older ones are not being created; they are stuck, and would make us wait for nothing. */
const STUCK_AFTER_MS = 120_000;

/** A container that is created while the daemon restarts can stay so for ever (containerd#10437): wait for a quiet moment. */
export async function awaitQuiet(cri: Cri, clock: Clock, waitMsMax: number, signal: AbortSignal): Promise<void> {
  const endMs = clock.monotonicMs() + waitMsMax;
  // Judged when first seen: the containers' ages are by the wall clock, which may jump while we wait.
  const stuck = new Map<string, boolean>();
  while (clock.monotonicMs() < endMs) {
    const created = (await cri.containers()).filter(({ state }) => state === 'created');
    for (const { id, createdAtMs } of created) {
      if (!stuck.has(id)) stuck.set(id, clock.nowMs() - createdAtMs >= STUCK_AFTER_MS);
    }
    if (created.every(({ id }) => stuck.get(id))) return;
    await clock.sleep(POLL_MS, signal);
  }
}
