import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { REASONS } from '../../src/operator/decide/reason.ts';
import { STAGES } from '../../src/operator/decide/stage.ts';
import { OUTCOMES } from '../../src/operator/metrics/outcome.ts';
import { alertRules, ownMetrics, PREFIX, withMetrics } from '../docs/metrics.ts';

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Selectors of our metrics in PromQL: the name, and what stands in braces. */
const SELECTOR = new RegExp(`\\b(${PREFIX}[a-z_]+)(?:\\{([^}]*)\\})?`, 'g');
const OF_HISTOGRAM = /_(bucket|sum|count)$/;

/** Put there by whoever scrapes. */
const OF_SCRAPE = new Set(['namespace', 'pod', 'instance', 'job']);

const types = new Map(ownMetrics().map(({ name, type }) => [name, type]));
const labels = new Map(ownMetrics().map(({ name, labelNames = [] }) => [name, labelNames]));
const values: Readonly<Record<string, ReadonlySet<string>>> = {
  reason: new Set([...Object.keys(REASONS), 'Uninstalled']),
  outcome: new Set(Object.keys(OUTCOMES)),
  stage: new Set(Object.keys(STAGES).map((key) => key.split(' ')[1] ?? '')),
  action: new Set(Object.keys(STAGES).map((key) => key.split(' ')[0] ?? '')),
  result: new Set(['success', 'requeue_after', 'retry', 'error', 'written', 'folded', 'repeated', 'failed']),
};

/** What an expression speaks of and the registry does not have. promtool cannot know that: `npm run check:alerts` is for the rest. */
function unknownIn(expr: string): readonly string[] {
  const found: string[] = [];
  for (const [, name = '', braces = ''] of expr.matchAll(SELECTOR)) {
    const metric = types.has(name) ? name : name.replace(OF_HISTOGRAM, '');
    if (!types.has(metric) || (metric !== name && types.get(metric) !== 'histogram')) found.push(name);
    for (const [, label = '', , value = ''] of braces.matchAll(/(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"/g)) {
      if (!labels.get(metric)?.includes(label) && !OF_SCRAPE.has(label)) found.push(`${name}{${label}}`);
      const known = values[label];
      const unknown = value.split('|').filter((one) => known !== undefined && !known.has(one));
      found.push(...unknown.map((one) => `${name}{${label}="${one}"}`));
    }
  }
  return found;
}

describe('alert rules', () => {
  const rules = alertRules();

  for (const { alert, expr, annotations } of rules) {
    it(`${alert} speaks of metrics that there are, and says what to do`, () => {
      expect(expr).to.contain(PREFIX);
      expect(unknownIn(expr)).to.deep.equal([]);
      expect(annotations.summary.length).to.be.greaterThan(20);
      expect(annotations.description.length).to.be.greaterThan(20);
    });
  }

  it('would be found out', () => {
    expect(unknownIn('rate(kwasm_operator_jobs_totals[5m])')).to.deep.equal(['kwasm_operator_jobs_totals']);
    expect(unknownIn('kwasm_operator_queue_depth_count > 0')).to.deep.equal(['kwasm_operator_queue_depth_count']);
    expect(unknownIn('kwasm_operator_nodes{node="n1"}')).to.deep.equal(['kwasm_operator_nodes{node}']);
    expect(unknownIn('kwasm_operator_node_conditions{reason="Brokn"}')).to.have.length(1);
    expect(unknownIn('kwasm_operator_job_duration_seconds_bucket{outcome=~"failed|lost"}')).to.deep.equal([]);
  });

  it('have their cases in the tests for promtool', () => {
    const tests = file('scripts/alerts/tests.yaml');
    expect(rules.filter(({ alert }) => !tests.includes(`alertname: ${alert}\n`))).to.deep.equal([]);
  });
});

describe('the Grafana dashboard', () => {
  interface Panel {
    readonly id: number;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }
  const { panels } = JSON.parse(file('helm/kwasm-operator/files/dashboard.json')) as { panels: readonly Panel[] };

  it('shows metrics that there are, each panel with an id of its own', () => {
    const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(exprs.length).to.be.greaterThan(10);
    expect(exprs.flatMap(unknownIn)).to.deep.equal([]);
    expect(exprs.filter((expr) => !expr.includes(PREFIX) && !expr.includes('process_'))).to.deep.equal([]);
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length);
  });
});

describe('docs/metrics.md', () => {
  it('has the metrics of the code', () => {
    const page = file('docs/metrics.md');
    expect(page, 'run `npm run manifests`').to.equal(withMetrics(page));
  });

  it('names only metrics that there are', () => expect(unknownIn(file('docs/metrics.md'))).to.deep.equal([]));
});
