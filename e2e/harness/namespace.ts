import { eventually } from './eventually.ts';
import type { Kubectl } from './kubectl.ts';

/** The release's. */
export const NAMESPACE = 'kwasm';

/** Until it is there or is not: one that is on its way out takes nothing new. */
export async function namespaceSettled(kubectl: Kubectl): Promise<void> {
  await eventually(`namespace ${NAMESPACE} is gone`, 120_000, async (seen) => {
    const args = ['get', 'namespace', NAMESPACE, '--ignore-not-found', '-o', 'jsonpath={.status}'];
    const status = await kubectl.run(args);
    seen(status);
    return status.includes('"Terminating"') ? undefined : true;
  });
}
