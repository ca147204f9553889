import { expect } from 'chai';
import fc from 'fast-check';
import { nodeView } from './examples.ts';
import { isOfThisNode, type NodeRecord, recall } from './record.ts';

const record: NodeRecord = {
  version: 1,
  state: 'installed',
  reason: 'Provisioned',
  message: '',
  desired: 'd',
  image: 'i',
  job: 'j',
  nodeUid: 'node-uid-1',
  machineId: 'machine-1',
  bootId: 'boot-1',
  handlers: ['wasmtime'],
  containerd: '2.1.4',
  touched: true,
  attempts: 0,
  at: '2026-01-02T03:04:05.000Z',
};

describe('recall', () => {
  it('reads what was written', () => {
    expect(recall(JSON.stringify(record))).to.deep.equal({ kind: 'record', record });
    expect(recall(undefined)).to.deep.equal({ kind: 'none' });
  });

  it('reads the record of a later version whose known fields parse', () => {
    expect(recall(JSON.stringify({ ...record, version: 2, more: 1 })).kind).to.equal('record');
  });

  it('never throws and never half-believes', () => {
    for (const key of Object.keys(record)) {
      const { [key as keyof NodeRecord]: _, ...rest } = record;
      expect(recall(JSON.stringify(rest)).kind, `without ${key}`).to.equal('unreadable');
    }
    fc.assert(fc.property(fc.string(), (text) => recall(text).kind === 'unreadable'));
    fc.assert(fc.property(fc.json(), (text) => recall(text).kind === 'unreadable'));
    expect(recall(JSON.stringify({ ...record, reason: 'Unheard' })).kind).to.equal('unreadable');
    expect(recall(JSON.stringify({ ...record, at: 'yesterday' })).kind).to.equal('unreadable');
  });
});

describe('isOfThisNode', () => {
  it('wants the Node object and the machine to be the same, as far as both are known', () => {
    expect(isOfThisNode(record, nodeView())).to.equal(true);
    expect(isOfThisNode(record, nodeView({ uid: 'other' }))).to.equal(false);
    expect(isOfThisNode(record, nodeView({ machineId: 'other' }))).to.equal(false);
    expect(isOfThisNode(record, nodeView({ machineId: '' }))).to.equal(true);
  });
});
