import type { KubernetesObject, V1ConfigMap, V1Job, V1PodDisruptionBudget, V1Service } from '@kubernetes/client-node';
import { expect } from 'chai';
import { load } from 'js-yaml';
import { helmProgram, render } from '../scripts/chart/helm.ts';
import { type GoTool, helm, helm3 } from '../scripts/cluster/go-tools.ts';
import { progressTo } from '../scripts/cluster/progress.ts';
import { messageOf } from '../src/errors.ts';
import { Rendered } from './harness/rendered.ts';

const R = 'imageRegistry=registry.example:5000/team';
const BUILD_MS = 20 * 60_000;
/** The kinds that are there only when somebody asks. */
const OPTIONAL = ['ServiceMonitor', 'PrometheusRule', 'PodDisruptionBudget'];

interface Monitoring extends KubernetesObject {
  readonly spec: {
    readonly groups?: readonly {
      readonly rules: readonly { readonly alert: string; readonly annotations: object }[];
    }[];
    readonly endpoints?: readonly object[];
    readonly selector?: { readonly matchLabels: object };
  };
}

for (const [name, tool] of [
  ['Helm 4', helm],
  ['Helm 3', helm3],
] as const) {
  describe(`the chart with ${name}: running it`, () => stories(tool));
}

function stories(tool: GoTool): void {
  let program: string;
  before(async function () {
    this.timeout(BUILD_MS);
    program = await helmProgram(
      progressTo((line) => console.error(line)),
      tool,
    );
  });
  const rendered = async (...set: string[]) => new Rendered(await render(program, { set: [R, ...set] }));
  const refusal = (...set: string[]) => rendered(...set).then(() => 'taken', messageOf);

  it('brings nothing of another operator by default', async () => {
    const { objects } = await rendered();
    expect(objects.filter(({ kind }) => OPTIONAL.includes(kind ?? ''))).to.deep.equal([]);
    expect(objects.filter(({ kind }) => kind === 'ConfigMap' || kind === 'Job')).to.have.length(1);
  });

  it('a ServiceMonitor that finds the Service and its port', async () => {
    const chart = await rendered('metrics.serviceMonitor.enabled=true', 'metrics.serviceMonitor.labels.release=prom');
    const monitor = chart.one<Monitoring>('ServiceMonitor');
    const service = chart.one<V1Service>('Service');
    expect(monitor.metadata?.labels).to.include({ release: 'prom' });
    expect(service.metadata?.labels).to.include(monitor.spec.selector?.matchLabels ?? {});
    expect(service.spec?.ports?.map(({ name }) => name)).to.deep.equal(['http', 'metrics']);
    expect(monitor.spec.endpoints).to.deep.equal([{ port: 'metrics', path: '/metrics' }]);
    const often = await rendered('metrics.serviceMonitor.enabled=true', 'metrics.serviceMonitor.interval=15s');
    expect(often.one<Monitoring>('ServiceMonitor').spec.endpoints?.[0]).to.include({ interval: '15s' });
    expect(await refusal('metrics.serviceMonitor.interval=soon')).to.contain('/metrics/serviceMonitor/interval');
  });

  it("the alert rules, with Prometheus' own braces in them", async () => {
    const rule = (await rendered('metrics.prometheusRule.enabled=true')).one<Monitoring>('PrometheusRule');
    const rules = rule.spec.groups?.flatMap((group) => group.rules) ?? [];
    expect(rules.map(({ alert }) => alert)).to.include('KwasmNodeBroken');
    expect(JSON.stringify(rules)).to.contain('{{ $value }}');
  });

  it('a dashboard where the sidecar looks', async () => {
    const chart = await rendered('metrics.dashboard.enabled=true', 'metrics.dashboard.namespace=grafana');
    const map = chart.one<V1ConfigMap>('ConfigMap', 'kwasm-operator-dashboard');
    expect(map.metadata?.namespace).to.equal('grafana');
    expect(map.metadata?.labels).to.include({ grafana_dashboard: '1' });
    expect(load(map.data?.['kwasm-operator.json'] ?? '')).to.include({ title: 'kwasm-operator' });
  });

  it('two replicas: apart, one at a time, and never both taken away', async () => {
    const { spec } = (await rendered()).deployment;
    expect(spec?.template.spec?.affinity).to.equal(undefined);
    const chart = await rendered('replicaCount=2');
    const terms = chart.deployment.spec?.template.spec?.affinity?.podAntiAffinity;
    expect(
      terms?.preferredDuringSchedulingIgnoredDuringExecution?.map(({ podAffinityTerm }) => podAffinityTerm.topologyKey),
    ).to.deep.equal(['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
    expect(chart.deployment.spec?.strategy).to.deep.equal({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
    });
    const budget = chart.one<V1PodDisruptionBudget>('PodDisruptionBudget').spec;
    expect(budget?.maxUnavailable).to.equal(1);
    expect(budget?.selector).to.deep.equal(chart.deployment.spec?.selector);
    const own = await rendered('replicaCount=2', 'affinity.nodeAffinity.x=1');
    expect(own.deployment.spec?.template.spec?.affinity).to.deep.equal({ nodeAffinity: { x: 1 } });
  });

  it('a clean-up before helm uninstall, when asked', async () => {
    const chart = await rendered('cleanup.onUninstall=true', 'cleanup.deadlineSeconds=90', 'replicaCount=0');
    const job = chart.one<V1Job>('Job', 'kwasm-operator-cleanup');
    expect(job.metadata?.annotations).to.include({
      'helm.sh/hook': 'pre-delete',
      'helm.sh/hook-delete-policy': 'before-hook-creation',
    });
    expect(job.metadata?.labels).to.include({ 'kwasm.sh/job': 'true', 'kwasm.sh/action': 'remove-all' });
    expect(job.spec?.ttlSecondsAfterFinished, 'its own success sets it').to.equal(undefined);
    expect(job.spec?.activeDeadlineSeconds).to.equal(210);
    const env = job.spec?.template.spec?.containers[0]?.env?.map(({ name, value }) => `${name}=${value}`);
    expect(env).to.include.members(['KWASM_REPLICAS=0', 'KWASM_DEADLINE_SECONDS=90', 'KWASM_NAMESPACE=kwasm']);
    const selector = chart.one<V1Service>('Service').spec?.selector ?? {};
    const labels = job.spec?.template.metadata?.labels ?? {};
    expect(Object.entries(selector).every(([key, value]) => labels[key] === value)).to.equal(false);
    expect(await refusal('cleanup.deadlineSeconds=5')).to.contain('/cleanup/deadlineSeconds');
  });
}
