import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Cri } from '../cri/client.ts';
import type { Host } from '../host.ts';
import type { Limits } from '../limits.ts';
import type { Steps } from '../steps.ts';

/** What every part of a transaction works with. */
export interface Context {
  readonly host: Host;
  readonly cri: Cri;
  readonly clock: Clock;
  readonly log: Logger;
  readonly steps: Steps;
  readonly limits: Limits;
  /** Aborted by SIGTERM: undo what is begun, begin nothing more. */
  readonly signal: AbortSignal;
  readonly newId: () => string;
}
