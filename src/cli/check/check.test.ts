import type { V1NodeSystemInfo } from '@kubernetes/client-node';
import { expect } from 'chai';
import { nodeView } from '../../operator/decide/examples.ts';
import { projectNode } from '../../operator/decide/project.ts';
import { painter } from '../screen.ts';
import { statusView } from '../status/view.ts';
import { after } from './after.ts';
import { judgeKwasm, judgeManager, judgeRefusal, judgeVersion } from './before.ts';
import { canaryPod, demoImage } from './canary.ts';
import { judgeNodes, whyUnfit } from './nodes.ts';
import { judge, RIGHTS } from './permissions.ts';
import { type Answer, ok, summary, warn } from './result.ts';
import { answerLines } from './run.ts';

const deployment = (name: string, image: string) => ({
  metadata: { name, namespace: 'ns' },
  spec: { selector: {}, template: { spec: { containers: [{ name: 'c', image }] } } },
});

describe('kwasm check --pre', () => {
  const cases: readonly { name: string; answer: Answer; kind: Answer['kind']; says?: RegExp }[] = [
    {
      name: 'a version that is supported',
      answer: judgeVersion({ gitVersion: 'v1.36.3', major: '1', minor: '36' }),
      kind: 'ok',
    },
    {
      name: 'a version with a plus',
      answer: judgeVersion({ gitVersion: 'v1.27.9-eks', major: '1', minor: '27+' }),
      kind: 'bad',
      says: /1\.28/,
    },
    { name: 'no other operator', answer: judgeKwasm([deployment('web', 'nginx')]), kind: 'ok' },
    {
      name: "KWasm's own",
      answer: judgeKwasm([deployment('kwasm-operator', 'ghcr.io/kwasm/kwasm-operator:kwasm-operator-0.2.3')]),
      kind: 'warn',
      says: /kwasm upgrade --release kwasm-operator -n ns/,
    },
    {
      name: 'ours is not taken for it',
      answer: judgeKwasm([deployment('kwasm-operator', 'registry.example/kwasm-operator:0.3.0')]),
      kind: 'ok',
    },
    {
      name: 'runtime-class-manager at work',
      answer: judgeManager(['runtime.spinkube.dev'], [deployment('runtime-class-manager', 'x')]),
      kind: 'bad',
      says: /scale it to 0/,
    },
    { name: 'what it left behind', answer: judgeManager(['runtime.spinkube.dev'], []), kind: 'warn' },
    {
      name: 'Pod Security',
      answer: judgeRefusal('violates PodSecurity "baseline:latest"', 'kwasm'),
      kind: 'bad',
      says: /kubectl label namespace kwasm .*enforce=privileged/,
    },
    {
      name: 'a webhook',
      answer: judgeRefusal('admission webhook "policy" denied the request', 'kwasm'),
      kind: 'bad',
      says: /exception for namespace kwasm/,
    },
    {
      name: 'no right to try',
      answer: judgeRefusal('User "u" cannot create resource "pods" in API group ""', 'kwasm'),
      kind: 'skipped',
    },
  ];
  for (const { name, answer, kind, says } of cases) {
    it(`${name}: ${kind}`, () => {
      expect(answer.kind).to.equal(kind);
      if (says !== undefined) expect('fix' in answer ? answer.fix : answer.said).to.match(says);
    });
  }

  const unfit = [
    { node: nodeView(), why: undefined },
    { node: nodeView({ runtime: 'containerd://1.5.11' }), why: /older than 1\.6/ },
    { node: nodeView({ runtime: 'cri-o://1.30.1' }), why: /only containerd/ },
    { node: nodeView({ os: 'windows' }), why: /windows/ },
    { node: nodeView({ ready: false }), why: /Ready/ },
  ];
  for (const { node, why } of unfit) {
    it(`a node: ${why ?? 'fit'}`, () =>
      why === undefined ? expect(whyUnfit(node)).to.equal(undefined) : expect(whyUnfit(node)?.why).to.match(why));
  }

  // As their kubelets report them.
  const systems = [
    { osImage: 'Talos (v1.11.2)', runtime: 'containerd://2.1.4', says: /^Talos cannot/, instead: /system extensions/ },
    {
      osImage: 'Bottlerocket OS 1.48.0 (aws-k8s-1.33)',
      runtime: 'containerd://2.0.6+bottlerocket',
      says: /^Bottlerocket cannot/,
      instead: /Amazon Linux/,
    },
    {
      osImage: 'Container-Optimized OS from Google',
      runtime: 'containerd://2.0.6',
      says: /^Container-Optimized OS cannot/,
      instead: /Ubuntu node images/,
    },
    {
      osImage: 'Red Hat Enterprise Linux CoreOS 9.6.20250925-0 (Plow)',
      runtime: 'cri-o://1.33.4-2.rhaos4.20.git1f5cb4c.el9',
      says: /only containerd/,
    },
    {
      osImage: 'Windows Server 2022 Datacenter',
      runtime: 'containerd://1.7.28',
      operatingSystem: 'windows',
      says: /runs windows/,
    },
    { osImage: 'Flatcar Container Linux by Kinvolk 4230.2.3 (Oklo)', runtime: 'containerd://1.7.27' },
    { osImage: 'Fedora CoreOS 42.20250901.3.0', runtime: 'containerd://2.1.4' },
    { osImage: 'openSUSE MicroOS', runtime: 'containerd://1.7.27' },
    { osImage: 'Amazon Linux 2023.9.20250929', runtime: 'containerd://2.1.4' },
    { osImage: 'Ubuntu 24.04.3 LTS', runtime: 'containerd://2.1.4' },
  ];
  for (const { osImage, runtime, operatingSystem = 'linux', says, instead } of systems) {
    it(`${osImage}: ${says === undefined ? 'can be changed' : 'cannot, and what to do instead'}`, () => {
      const nodeInfo = { osImage, operatingSystem, containerRuntimeVersion: runtime, architecture: 'amd64' };
      const conditions = [{ type: 'Ready', status: 'True' }];
      const node = projectNode({
        metadata: { name: 'n1' },
        status: { nodeInfo: { ...nodeInfo, kubeletVersion: 'v1.33.4' } as V1NodeSystemInfo, conditions },
      });
      if (says === undefined) return void expect(judgeNodes([node]).kind).to.equal('ok');
      expect(whyUnfit(node)?.why).to.match(says);
      const answer = judgeNodes([nodeView(), node]);
      expect(answer.said).to.match(/^1 of 2\. n1: /);
      if (instead !== undefined) expect('fix' in answer && answer.fix).to.match(instead);
    });
  }

  it('names nodes by what they have in common', () => {
    const windows = ['a', 'b', 'c', 'd'].map((name) => nodeView({ name, os: 'windows' }));
    const answer = judgeNodes([nodeView(), ...windows]);
    expect(answer).to.include({ kind: 'warn' });
    expect(answer.said).to.match(/^1 of 5\. a, b, c and 1 more: /);
  });

  it('tells missing rights apart by what they are for', () => {
    const answers = RIGHTS.filter((one) => one.for === 'node').map((right) => ({
      right,
      allowed: right.verb !== 'patch',
    }));
    expect(judge('node', answers, 'kwasm')).to.deep.include({ kind: 'warn', said: 'missing: patch nodes' });
    const install = RIGHTS.filter((one) => one.for === 'install').map((right) => ({
      right,
      allowed: right.verb !== 'escalate',
    }));
    expect(judge('install', install, 'kwasm').kind, 'who has every right needs no escalate').to.equal('ok');
    const status = RIGHTS.filter((one) => one.for === 'status').map((right) => ({ right, allowed: false }));
    expect(judge('status', status, 'kwasm').kind).to.equal('bad');
  });
});

describe('kwasm check', () => {
  const condition = (reason: string) => ({ status: 'False' as const, reason, message: 'as it is', sinceMs: 0 });
  const view = (nodes: readonly ReturnType<typeof nodeView>[]) =>
    statusView({
      operator: { kind: 'absent', namespace: 'kwasm' },
      nodes,
      classes: [{ name: 'wasmtime', handler: 'wasmtime', ours: true, nodeSelector: {} }],
      pausedBy: undefined,
      workloads: { kind: 'read', pods: [], more: false },
    });
  async function answers(nodes: readonly ReturnType<typeof nodeView>[]): Promise<Readonly<Record<string, Answer>>> {
    const all = after(view(nodes), async () => ok('it answered')).flatMap(({ checks }) => checks);
    return Object.fromEntries(await Promise.all(all.map(async ({ title, ask }) => [title, await ask()] as const)));
  }

  it('without an operator fails, and says how to get one', async () => {
    const all = await answers([nodeView()]);
    expect(all['it is installed, and its configuration can be read']).to.include({ kind: 'bad' });
    expect(all['a canary pod answers HTTP']?.kind).to.equal('skipped');
  });

  it('with a failed node says what the list of reasons says, and how to try again', async () => {
    const answer = (await answers([nodeView({ condition: condition('Refused') })]))['none has failed'];
    expect(answer).to.include({ kind: 'bad', said: 'n1: Refused: as it is' });
    expect(answer !== undefined && 'fix' in answer && answer.fix).to.contain('kwasm node retry n1 --wait');
  });

  it('finds a kubelet that does not report what is labelled', async () => {
    const ready = { condition: condition('Provisioned'), runtimeLabels: ['wasmtime'] };
    const title = 'labels and kubelets agree on what serves';
    expect((await answers([nodeView({ ...ready, handlers: ['runc', 'wasmtime'] })]))[title]?.kind).to.equal('ok');
    expect((await answers([nodeView({ ...ready, handlers: [] })]))[title]?.kind, 'containerd 1 reports none').to.equal(
      'ok',
    );
    expect((await answers([nodeView({ ...ready, handlers: ['runc'] })]))[title]?.kind).to.equal('warn');
    expect((await answers([nodeView({ ...ready, runtimeLabels: [] })]))[title]?.kind).to.equal('bad');
  });

  it('finds the demo image beside the operator', () => {
    const found = (image: string) => demoImage({ kind: 'present', operator: { image } as never });
    expect(found('reg:5000/x/kwasm-operator:1.2')).to.equal('reg:5000/x/kwasm-demo:1.2');
    expect(found('reg/kwasm-operator@sha256:00'), 'a digest is of one image only').to.equal(undefined);
    expect(found('reg/mine:1')).to.equal(undefined);
  });

  it('makes a canary pod that Pod Security allows and that ends by itself', () => {
    const pod = canaryPod('p', {
      image: 'i',
      namespace: 'n',
      runtimeClass: 'wasmtime',
      pullSecrets: [],
      node: undefined,
    });
    expect(pod.spec).to.include({ runtimeClassName: 'wasmtime', automountServiceAccountToken: false });
    expect(pod.spec?.activeDeadlineSeconds).to.be.greaterThan(60);
    expect(pod.spec).not.to.have.property('nodeSelector');
  });

  it('prints a fix beside everything that is not well', () => {
    expect(answerLines('title', warn('said', 'do it'), painter(false), 80)).to.deep.equal([
      ' ! title',
      '     said',
      '     → do it',
    ]);
    expect(summary([{ section: 's', title: 't', answer: warn('', '') }]).passed, 'a warning is no failure').to.equal(
      true,
    );
  });
});
