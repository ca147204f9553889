import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../src/errors.ts';
import { CHART } from './chart/helm.ts';
import { command } from './cluster/command.ts';
import { promtool, toolDir } from './cluster/go-tools.ts';
import { ensurePrograms } from './cluster/local/programs.ts';
import { progressTo } from './cluster/progress.ts';
import { PREFIX, registryAtStart } from './docs/metrics.ts';
import { root } from './testing/mocha.ts';

/** `npm run check:alerts`: Prometheus' own tool reads the chart's alert rules, plays their cases, and judges the names of
 * the metrics. Builds it first if need be. */
const directory = mkdtempSync(join(tmpdir(), 'kwasm-alerts-'));
try {
  await ensurePrograms(
    [promtool],
    progressTo((line) => console.error(line)),
  );
  cpSync(join(CHART, 'files/alerts.yaml'), join(directory, 'alerts.yaml'));
  cpSync(join(root, 'scripts/alerts/tests.yaml'), join(directory, 'tests.yaml'));
  await run(['check', 'rules', 'alerts.yaml']);
  await run(['test', 'rules', 'tests.yaml']);
  const all = (await registryAtStart().metrics()).split('\n');
  // Ours only: prom-client's names for Node's own are not what the linter wants, and are the same everywhere.
  const ours = all.filter((line) => new RegExp(`^(# (HELP|TYPE) )?${PREFIX}`).test(line));
  await run(['check', 'metrics'], `${ours.join('\n')}\n`);
} catch (error) {
  console.error(`check:alerts: ${messageOf(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}

async function run(args: readonly string[], input?: string): Promise<void> {
  const options = { cwd: directory, ...(input === undefined ? {} : { input }) };
  const said = await command(join(toolDir(promtool), 'promtool'), args, options);
  console.log(`promtool ${args.join(' ')}: ok\n${said.trim()}`.trim());
}
