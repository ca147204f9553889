import { expect } from 'chai';
import { NOW_MS, nodeView, policy } from './examples.ts';
import { desiredHash } from './policy.ts';
import type { NodeRecord } from './record.ts';
import { stageOf } from './stage.ts';
import type { NodeView } from './view.ts';

const record: NodeRecord = {
  version: 1,
  state: 'installed',
  reason: 'Provisioned',
  message: '',
  desired: desiredHash(policy),
  image: '',
  job: '',
  nodeUid: 'node-uid-1',
  machineId: 'machine-1',
  bootId: 'boot-1',
  handlers: ['wasmtime'],
  containerd: '2.1.4',
  touched: true,
  attempts: 0,
  at: new Date(NOW_MS).toISOString(),
};
const withRecord = (change: Partial<NodeRecord>) => ({ record: JSON.stringify({ ...record, ...change }) });
const unwanted = { trigger: { annotation: undefined, label: undefined } };
const condition = (reason: string) => ({ condition: { status: 'False', reason, message: '', sinceMs: 0 } }) as const;

describe('stageOf', () => {
  const cases: readonly { name: string; node: Partial<NodeView>; busy?: true; stage: string }[] = [
    { name: 'wanted, nothing begun', node: {}, stage: 'install waiting' },
    { name: 'its Job runs', node: {}, busy: true, stage: 'install working' },
    { name: 'proved', node: withRecord({}), stage: 'install done' },
    { name: 'proved for an older configuration', node: withRecord({ desired: 'older' }), stage: 'install waiting' },
    { name: 'to be proved anew', node: { ...withRecord({}), bootId: 'boot-2' }, stage: 'install waiting' },
    { name: 'its canary runs', node: withRecord({ state: 'proving' }), stage: 'install working' },
    { name: 'its agent works', node: withRecord({ state: 'installing' }), stage: 'install working' },
    { name: 'proved on another machine', node: withRecord({ machineId: 'm2' }), stage: 'install waiting' },
    {
      name: 'failed once',
      node: withRecord({ state: 'failed', reason: 'InstallFailed', attempts: 1 }),
      stage: 'install retrying',
    },
    {
      name: 'given up',
      node: withRecord({ state: 'failed', reason: 'InstallFailed', attempts: 6 }),
      stage: 'install failed',
    },
    { name: 'broken', node: withRecord({ state: 'failed', reason: 'Broken', attempts: 1 }), stage: 'install failed' },
    {
      name: 'tried by a canary pod, before its Job is there',
      node: withRecord({ state: 'proving', reason: 'CanaryRunning', proving: ['wasmtime'] }),
      stage: 'install working',
    },
    {
      name: "in the hands of the DaemonSet's pod",
      node: withRecord({ state: 'installing', reason: 'AgentWorking' }),
      stage: 'install working',
    },
    {
      name: 'being put back, for its canary failed',
      node: withRecord({
        state: 'removing',
        reason: 'CanaryFailed',
        revert: { reason: 'CanaryFailed', message: '', desired: record.desired },
      }),
      stage: 'install failed',
    },
    { name: 'not fit for it', node: condition('NotContainerd'), stage: 'install failed' },
    { name: 'not Ready', node: condition('NodeNotReady'), stage: 'install waiting' },
    { name: 'nobody asked', node: unwanted, stage: 'none idle' },
    { name: 'no longer wanted', node: { ...unwanted, ...withRecord({}) }, stage: 'uninstall waiting' },
    { name: "with KWasm's label", node: { ...unwanted, provisionedLabel: 'n1' }, stage: 'uninstall waiting' },
    { name: 'being undone', node: { ...unwanted, ...withRecord({}) }, busy: true, stage: 'uninstall working' },
    {
      name: 'pods in the way',
      node: { ...unwanted, ...withRecord({ state: 'removing', reason: 'InUse', attempts: 40 }) },
      stage: 'uninstall retrying',
    },
    {
      name: 'could not be undone',
      node: { ...unwanted, ...withRecord({ state: 'removing', reason: 'Broken', attempts: 1 }) },
      stage: 'uninstall failed',
    },
    { name: 'unreadable record', node: { ...unwanted, record: '{' }, stage: 'uninstall waiting' },
  ];
  for (const { name, node, busy = false, stage } of cases) {
    it(`${name}: ${stage}`, () => expect(stageOf(nodeView(node), busy, policy)).to.equal(stage));
  }
});
