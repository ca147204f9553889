import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { Registry } from 'prom-client';
import { policy } from '../../src/operator/decide/examples.ts';
import { STAGES } from '../../src/operator/decide/stage.ts';
import { takeCensus } from '../../src/operator/metrics/census.ts';
import { makeMetrics } from '../../src/operator/metrics/metrics.ts';
import { OUTCOMES } from '../../src/operator/metrics/outcome.ts';
import { CHART } from '../chart/helm.ts';
import { fillTables } from './tables.ts';

/** The operator's registry as it is right after the start, for the page and for those who check rules against it. */
export function registryAtStart(): Registry {
  return makeMetrics({
    version: 'docs',
    queueDepth: () => 0,
    busyNodes: () => 0,
    census: () => takeCensus([], [], () => policy),
    watches: () => [],
    nowMs: () => 0,
    leading: () => false,
    removing: () => false,
    oldOperatorJobs: () => 0,
  }).registry;
}

/** prom-client gives the objects themselves; its types leave the labels out. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames?: readonly string[];
}

export const PREFIX = 'kwasm_operator_';

export function ownMetrics(): readonly Described[] {
  const all = registryAtStart().getMetricsAsArray() as unknown as readonly Described[];
  return all.filter(({ name }) => name.startsWith(PREFIX)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

export function alertRules(): readonly AlertRule[] {
  const file = load(readFileSync(join(CHART, 'files/alerts.yaml'), 'utf8')) as { groups: { rules: AlertRule[] }[] };
  return file.groups.flatMap(({ rules }) => rules);
}

/** Prometheus' templates as a person reads them. */
function worded(summary: string): string {
  return summary.replace(/\{\{ \$value[^}]*\}\}/g, 'N').replace(/\{\{ \$labels\.(\w+) \}\}/g, '`$1`');
}

/** docs/metrics.md with its tables as the code has them. */
export function withMetrics(page: string): string {
  return fillTables(page, {
    metrics: () => [
      '| metric | type | labels | what it says |',
      '|---|---|---|---|',
      ...ownMetrics().map(
        ({ name, type, labelNames = [], help }) =>
          `| \`${name}\` | ${type} | ${labelNames.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
      ),
    ],
    stages: () => [
      '| `action` | `stage` | what it means |',
      '|---|---|---|',
      ...Object.entries(STAGES).map(([key, meaning]) => {
        const [action, stage] = key.split(' ');
        return `| \`${action}\` | \`${stage}\` | ${meaning} |`;
      }),
    ],
    alerts: () => [
      '| alert | severity | after | what it says | what to do |',
      '|---|---|---|---|---|',
      ...alertRules().map(
        ({ alert, labels, for: after = 'at once', annotations: { summary, description } }) =>
          `| \`${alert}\` | ${labels.severity} | ${after} | ${worded(summary)} | ${description} |`,
      ),
    ],
    outcomes: () => [
      '| `outcome` | what it means |',
      '|---|---|',
      ...Object.entries(OUTCOMES).map(([outcome, meaning]) => `| \`${outcome}\` | ${meaning} |`),
    ],
  });
}
