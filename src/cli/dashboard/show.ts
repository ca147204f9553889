import { systemClock } from '../../clock.ts';
import { openDashboard } from '../../dashboard/dashboard.ts';
import { silentLogger } from '../../log.ts';
import { CLIENT_VERSION } from '../client-version.ts';
import type { DashboardFlags } from '../dashboard.ts';
import { onInterrupt } from '../interrupt.ts';
import { openAccess } from '../kube/access.ts';
import { withClient } from '../kube/client.ts';
import { findOperator, type OperatorFound } from '../operator.ts';
import { openBrowser } from './browser.ts';

/** Until Ctrl-C, which is its ordinary end. */
export async function showDashboard(flags: DashboardFlags): Promise<void> {
  // Asked first, so that an API server that does not answer is an error here and not on the page.
  const found = await withClient(flags, (client) => findOperator(client, flags));
  const { credentials, name } = openAccess(flags, process.env);
  using interrupt = onInterrupt();
  const dashboard = await openDashboard(
    {
      credentials,
      context: name,
      namespace: namespaceOf(found),
      version: CLIENT_VERSION,
      port: flags.port,
      clock: systemClock,
      random: Math.random,
      log: silentLogger(), // the page itself says what cannot be read
    },
    interrupt.signal,
  );
  process.stdout.write(`${dashboard.url}\n`);
  if (found.kind === 'absent') say(`no operator in namespace ${found.namespace}: the page shows what nodes say`);
  if (flags.open && !(await openBrowser(dashboard.url))) say('no browser could be opened: open the address above');
  say('the address is a key: whoever has it sees what you see. Ctrl-C ends it');
  await dashboard.done;
}

function namespaceOf(found: OperatorFound): string {
  return found.kind === 'present' ? found.operator.namespace : found.namespace;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
