import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../src/errors.ts';
import { CHART } from './chart/helm.ts';
import { command } from './cluster/command.ts';
import { promtool, toolDir } from './cluster/go-tools.ts';
import { ensurePrograms } from './cluster/local/programs.ts';
import { progressTo } from './cluster/progress.ts';
import { root } from './testing/mocha.ts';

/** `npm run check:alerts`: Prometheus' own tool reads the chart's alert rules and plays their cases. Builds it first if need be. */
const directory = mkdtempSync(join(tmpdir(), 'kwasm-alerts-'));
try {
  await ensurePrograms(
    [promtool],
    progressTo((line) => console.error(line)),
  );
  cpSync(join(CHART, 'files/alerts.yaml'), join(directory, 'alerts.yaml'));
  cpSync(join(root, 'scripts/alerts/tests.yaml'), join(directory, 'tests.yaml'));
  for (const what of ['check', 'test']) {
    const file = what === 'check' ? 'alerts.yaml' : 'tests.yaml';
    const said = await command(join(toolDir(promtool), 'promtool'), [what, 'rules', file], { cwd: directory });
    console.log(`promtool ${what} rules:\n${said.trim()}`);
  }
} catch (error) {
  console.error(`check:alerts: ${messageOf(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
