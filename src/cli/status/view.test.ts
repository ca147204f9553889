import { expect } from 'chai';
import { nodeView } from '../../operator/decide/examples.ts';
import { REASONS, type Reason } from '../../operator/decide/reason.ts';
import type { NodeRecord } from '../../operator/decide/record.ts';
import type { ClassView, NodeView } from '../../operator/decide/view.ts';
import type { OperatorFound } from '../operator.ts';
import { painter } from '../screen.ts';
import { statusObject } from './machine.ts';
import { nodeRow, type Standing } from './node-row.ts';
import { statusText } from './text.ts';
import { type StatusFacts, statusView, verdictOf } from './view.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const WISH = { autoProvision: false, mode: 'jobs' } as const;

const operator: Extract<OperatorFound, { kind: 'present' }> = {
  kind: 'present',
  operator: {
    namespace: 'kwasm',
    name: 'kwasm-operator',
    release: 'kwasm-operator',
    beside: [],
    image: 'registry.example/kwasm-operator:1',
    version: '0.3.0',
    replicas: 1,
    readyReplicas: 1,
    mode: 'jobs',
    autoProvision: false,
    installImage: 'registry.example/kwasm-node-installer:1',
    installer: {
      image: 'registry.example/kwasm-node-installer:1',
      imagePullPolicy: 'IfNotPresent',
      imagePullSecrets: [],
      priorityClassName: '',
      caConfigMap: '',
      env: [{ name: 'HTTPS_PROXY', value: 'http://me:hunter2@proxy' }],
    },
  },
};

function said(reason: string, change: Partial<NodeView> = {}, attempts = 1): NodeView {
  const row = (REASONS as Readonly<Record<string, { readonly status: 'True' | 'False' }>>)[reason];
  const condition = { status: row?.status ?? 'False', reason, message: `${reason} it is`, sinceMs: NOW_MS - 90_000 };
  return nodeView({ condition, record: JSON.stringify({ ...record, reason, attempts }), ...change });
}
const record: NodeRecord = {
  version: 1,
  state: 'failed',
  reason: 'InstallFailed',
  message: '',
  desired: '',
  image: 'registry.example/kwasm-node-installer:1',
  job: '',
  nodeUid: 'node-uid-1',
  machineId: 'machine-1',
  bootId: '',
  handlers: [],
  containerd: '',
  touched: false,
  attempts: 1,
  at: '2026-01-02T03:04:05Z',
};
const unasked = { trigger: { annotation: undefined, label: undefined } };

describe('how a node stands', () => {
  const cases: readonly { name: string; node: NodeView; standing: Standing }[] = [
    { name: 'nobody asked', node: nodeView(unasked), standing: 'idle' },
    { name: 'asked a moment ago', node: nodeView(), standing: 'unseen' },
    { name: 'proved', node: said('Provisioned'), standing: 'ready' },
    { name: 'proved, no longer wanted', node: said('Provisioned', unasked), standing: 'waiting' },
    { name: 'installing', node: said('Installing'), standing: 'working' },
    { name: 'being undone', node: said('Uninstalling', unasked), standing: 'working' },
    { name: 'not its turn', node: said('Waiting'), standing: 'waiting' },
    { name: 'paused', node: said('Paused'), standing: 'waiting' },
    { name: 'rolled back once', node: said('RolledBack', {}, 1), standing: 'retrying' },
    { name: 'rolled back too often', node: said('RolledBack', {}, 99), standing: 'failed' },
    { name: 'refused', node: said('Refused'), standing: 'failed' },
    { name: 'pods in the way, without end', node: said('InUse', unasked, 99), standing: 'retrying' },
    {
      name: 'another operating system, without a record',
      node: said('NotLinux', { record: undefined }),
      standing: 'failed',
    },
    { name: 'a reason of a later release', node: said('Teleported'), standing: 'waiting' },
  ];
  for (const { name, node, standing } of cases) {
    it(`${name}: ${standing}`, () => expect(nodeRow(node, WISH).standing).to.equal(standing));
  }

  it('has a place for every reason, and what to do beside each that needs a person', () => {
    for (const reason of Object.keys(REASONS) as Reason[]) {
      const row = nodeRow(said(reason), WISH);
      expect(row.standing, reason).not.to.be.oneOf(['idle', 'unseen']);
      if (row.standing === 'failed') expect(row.todo, reason).not.to.equal('');
    }
  });
});

const wasmtime: ClassView = {
  name: 'wasmtime',
  handler: 'wasmtime',
  ours: true,
  nodeSelector: { 'runtime.kwasm.sh/wasmtime': 'true' },
};
const foreign: ClassView = { name: 'gvisor', handler: 'runsc', ours: false, nodeSelector: {} };

function facts(nodes: readonly NodeView[], change: Partial<StatusFacts> = {}): StatusFacts {
  const named = nodes.map((node, at) => ({ ...node, name: `n${at}` }));
  return {
    operator,
    nodes: named,
    classes: [wasmtime, foreign],
    pausedBy: undefined,
    workloads: { kind: 'read', pods: [], more: false },
    ...change,
  };
}

describe('kwasm status', () => {
  const verdicts = [
    { name: 'nobody asked for anything', nodes: [nodeView(unasked)], verdict: 'ready' },
    { name: 'all ready', nodes: [said('Provisioned'), nodeView(unasked)], verdict: 'ready' },
    { name: 'one waits', nodes: [said('Provisioned'), said('Waiting')], verdict: 'unready' },
    { name: 'one is tried again', nodes: [said('RolledBack')], verdict: 'unready' },
    { name: 'one has failed, one waits', nodes: [said('Refused'), said('Waiting')], verdict: 'unfit' },
  ] as const;
  for (const { name, nodes, verdict } of verdicts) {
    it(`${name}: ${verdict}`, () => expect(verdictOf(statusView(facts(nodes)))).to.equal(verdict));
  }

  it('is unfit when nodes are asked for and there is no operator', () => {
    const absent = { operator: { kind: 'absent', namespace: 'kwasm' } } as const;
    expect(verdictOf(statusView(facts([said('Waiting')], absent)))).to.equal('unfit');
  });

  it('counts what is waited for, the most common first', () => {
    const { waits } = statusView(facts([said('Paused'), said('Waiting'), said('Waiting')]));
    expect(waits.map(({ reason, nodes }) => `${nodes} ${reason}`)).to.deep.equal(['2 Waiting', '1 Paused']);
  });

  it('knows who uses a RuntimeClass, and leaves out those that are none of ours', () => {
    const pod = { namespace: 'shop', name: 'web-1', node: 'n0', runtimeClass: 'wasmtime', owner: 'ReplicaSet/web' };
    const pods = [
      { ...pod, phase: 'Running' },
      { ...pod, name: 'web-2', phase: 'Pending' },
    ];
    const node = said('Provisioned', { runtimeLabels: ['wasmtime'] });
    const { classes, workloads } = statusView(facts([node], { workloads: { kind: 'read', pods, more: false } }));
    expect(classes).to.deep.equal([{ name: 'wasmtime', handler: 'wasmtime', ours: true, nodes: 1, pods: 2 }]);
    expect(workloads).to.deep.equal([
      { namespace: 'shop', owner: 'ReplicaSet/web', runtimeClass: 'wasmtime', pods: 2, running: 1 },
    ]);
  });

  it('gives programs no environment of the installer', () => {
    expect(JSON.stringify(statusObject(statusView(facts([]))))).not.to.contain('hunter2');
  });

  const options = { paint: painter(false), width: 100, wide: false, nowMs: NOW_MS, nodesMax: 40 };

  it('says of a failed node why, and what to do', () => {
    const lines = statusText(statusView(facts([said('Refused')])), options).join('\n');
    expect(lines).to.match(/✗\s+n0\s+failed\s+Refused\s+90s/);
    expect(lines).to.contain('Refused it is').and.to.contain('→ Read the message').and.to.contain('kwasm doctor n0');
  });

  it('shows of many nodes only those that need a look', () => {
    const nodes = [...Array.from({ length: 50 }, () => said('Provisioned')), said('Installing')];
    const lines = statusText(statusView(facts(nodes)), options);
    expect(lines.filter((line) => /^[✓●] /.test(line))).to.have.length(1);
    expect(lines.join('\n')).to.contain('50/51 ready').and.to.contain('and 50 more');
  });

  it('says of many nodes of one reason what it is once, failures first', () => {
    const nodes = [said('RolledBack'), ...Array.from({ length: 30 }, () => said('Refused'))];
    const lines = statusText(statusView(facts(nodes)), options);
    const heads = lines.filter((line) => /^[✗↻] .*: (Refused|RolledBack)$/.test(line));
    expect(heads).to.deep.equal(['✗ 30 nodes, n1 among them: Refused', '↻ n0: RolledBack']);
  });

  it('fits on a screen that cannot be scrolled, with what failed above who is at work', () => {
    const nodes = [
      ...Array.from({ length: 60 }, () => said('Provisioned')),
      ...Array.from({ length: 30 }, () => said('Installing')),
      said('Refused'),
    ];
    for (const rows of [14, 16, 23, 49]) {
      const lines = statusText(statusView(facts(nodes)), { ...options, rows });
      expect(lines.length, `${rows} rows`).to.be.at.most(rows);
      if (rows > 16)
        expect(lines.findIndex((line) => line.includes('✗ n90: Refused'))).to.be.within(
          1,
          lines.findIndex((line) => /^● +n\d+ /.test(line)),
        );
    }
  });

  it('keeps its first lines within a narrow terminal, where a live view would cut them', () => {
    const nodes = [said('Provisioned'), said('Installing'), said('Waiting'), said('RolledBack')];
    const lines = statusText(statusView(facts(nodes)), { ...options, width: 80 });
    const head = lines.slice(0, lines.indexOf('Waiting'));
    expect(head.filter((line) => line.length > 80)).to.deep.equal([]);
    expect(head.join('\n')).to.match(/^Nodes {5}\S+ {2}1\/4 ready · 1 working, .*1 waiting · 4 in all$/m);
  });

  it('gives up its bar before a number of thousands is cut', () => {
    const nodes = [
      ...Array.from({ length: 3000 }, () => said('Provisioned')),
      ...Array.from({ length: 1100 }, () => said('Waiting')),
      ...Array.from({ length: 80 }, () => said('Installing')),
      ...Array.from({ length: 20 }, () => said('PodsAtRisk')),
      ...Array.from({ length: 10 }, () => said('Refused')),
    ];
    const lines = statusText(statusView(facts(nodes)), { ...options, width: 80 });
    expect(lines).to.include('Nodes     3000/4210 ready · 80 working, 20 retrying, 10 failed, 1100 waiting');
    const narrow = statusText(statusView(facts(nodes)), { ...options, width: 50 });
    const at = narrow.indexOf('Nodes     3000/4210 ready');
    expect(narrow.slice(at + 1, at + 3)).to.deep.equal([
      '          80 working, 20 retrying, 10 failed',
      '          1100 waiting',
    ]);
  });

  it('never cuts a command in two', () => {
    const nodes = [said('Refused'), said('Refused')].map((node, at) => ({
      ...node,
      name: `${'long-name.'.repeat(6)}${at}`,
    }));
    const view = statusView({ ...facts([]), nodes });
    const hints = statusText(view, { ...options, width: 80 }).filter((line) => line.startsWith('    kwasm '));
    expect(hints.map((line) => line.split(' ').slice(4, 6).join(' '))).to.deep.equal([
      'kwasm doctor',
      'kwasm logs',
      'kwasm node',
    ]);
  });

  it('tells of an operator of KWasm beside ours', () => {
    const both = { kind: 'present', operator: { ...operator.operator, beside: ['old/kwasm-operator'] } } as const;
    const lines = statusText(statusView({ ...facts([]), operator: both }), options).join('\n');
    expect(lines).to.contain("beside KWasm's archived operator, old/kwasm-operator: `kwasm check --pre`");
  });
});
