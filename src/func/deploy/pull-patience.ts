import { SLOW_START } from '../../contract.ts';

/**
 * How long a pull that fails is watched before it ends a deploy. The kubelet tries again by itself, 10 s after the first failure at the earliest and then after twice the time
 * each (seen: 0, 14, 28, 54 and 97 s), and a registry that is just being restarted, or a tag that one of its replicas does not have yet, are mended by the next try.
 */
const SECOND_PULL_MS = 30_000;
const SEVERAL_PULLS_MS = 90_000;

/** The kubelet's reasons, and that of a runner's own pull. */
const PULL = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'PullFailed']);
/** What registries and containerd say of what is not there, or not for the one who asks. */
const HOPELESS =
  /not found|manifest unknown|name unknown|does not exist|unauthorized|authentication required|denied|forbidden|no match for platform|invalid reference/i;
/** Kubelets before 1.32 say no more in a back-off. */
const BARE = /^Back-off pulling image "[^"]*"$/;

export class PullPatience {
  #sinceMs: number | undefined;
  #cause = '';

  /** The last words about the trouble that say why. */
  get cause(): string {
    return this.#cause;
  }

  /** Whether this trouble will not go by itself any more. */
  isSpent(reason: string, message: string, nowMs: number): boolean {
    if (this.#cause === '' || !BARE.test(message)) this.#cause = message;
    if (!PULL.has(reason) && !SLOW_START.test(message)) return true;
    this.#sinceMs ??= nowMs;
    return nowMs - this.#sinceMs >= (HOPELESS.test(this.#cause) ? SECOND_PULL_MS : SEVERAL_PULLS_MS);
  }

  /** The trouble has gone. */
  forget(): void {
    this.#sinceMs = undefined;
    this.#cause = '';
  }
}
