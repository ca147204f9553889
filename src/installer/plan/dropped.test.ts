import { expect } from 'chai';
import { unexpectedDifference } from './difference.ts';
import { droppedHandlers } from './dropped.ts';
import type { ContainerdFacts } from './facts.ts';
import { planInstall } from './install.ts';
import { file, sampleConfig, sampleFacts, wasmtime } from './sample-facts.ts';

const V3 = 'plugins."io.containerd.cri.v1.runtime".containerd.runtimes';
const path = (handler: string, directory = 'shims') =>
  `/opt/kwasm/${directory}/${handler}/fedcba9876543210/containerd-shim-${handler}-v1`;
const table = (handler: string, type = path(handler)) => `[${V3}.${handler}]\n  runtime_type = "${type}"\n`;
const HEADER = '# Written by kwasm: managed by the kwasm installer, do not edit; removed on uninstall.\n';
const ROOT_TEXT = `version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n`;

function host(ours: string, theirs = '', root = ROOT_TEXT) {
  const files = [
    file('/etc/containerd/conf.d/kwasm.toml', HEADER + ours),
    file('/etc/containerd/conf.d/theirs.toml', theirs),
  ];
  return sampleFacts(
    '2.1.4',
    sampleConfig(root, { globs: ['/etc/containerd/conf.d/*.toml'], imported: files, dropIns: files.slice(0, 1) }),
  );
}

describe('a handler that this version does not bring any more', () => {
  const both = table('wasmtime') + table('spin');

  it('goes with the upgrade, which containerd must then load without it', () => {
    const facts = host(both);
    const plan = planInstall(facts, [wasmtime]);
    if (plan.kind !== 'change') throw new Error(JSON.stringify(plan));
    expect(plan.gone).to.deep.equal(['spin']);
    expect(plan.files.map(({ after }) => after.kind === 'file' && after.text.includes('spin'))).to.not.include(true);
    const { dump } = facts.runtime as ContainerdFacts;
    expect(unexpectedDifference(dump, dump, plan)).to.contain('wasmtime');
    const without = { ...plan, handlers: [] };
    expect(unexpectedDifference(dump, dump, without)).to.contain('would still load handler "spin"');
  });

  it('is not taken from under a pod, which is named', () => {
    const plan = planInstall(host(both), [wasmtime], [{ pod: 'shop/cart', podUid: 'u1', handler: 'spin' }]);
    expect(plan).to.have.nested.property('finding.reason', 'InUse');
    expect(plan).to.have.deep.nested.property('finding.pods', ['shop/cart/u1']);
    const other = planInstall(host(both), [wasmtime], [{ pod: 'shop/cart', podUid: 'u1', handler: 'wasmtime' }]);
    expect(other).to.have.property('kind', 'change');
  });

  const stays = [
    { name: "KWasm's", facts: host(table('wasmtime'), table('spin', '/opt/kwasm/bin/containerd-shim-spin-v2')) },
    { name: "somebody's copy of ours", facts: host(table('wasmtime'), table('spin')) },
    { name: "somebody's own", facts: host(table('wasmtime'), table('spin', '/opt/spin/containerd-shim-spin-v2')) },
    { name: 'one that is still brought', facts: host(table('wasmtime')) },
  ];
  for (const { name, facts } of stays)
    it(`is not ${name}`, () =>
      expect(droppedHandlers(facts.runtime as ContainerdFacts, [{ name: 'wasmtime' }])).to.deep.equal([]));

  it('goes also when its file was deleted by hand, and containerd serves it on', () => {
    const facts = host(table('wasmtime'));
    const runtime = facts.runtime as ContainerdFacts;
    const live = [...runtime.live, { name: 'spin', type: path('spin'), options: {} }];
    expect(planInstall({ ...facts, runtime: { ...runtime, live } }, [wasmtime])).to.have.deep.property('gone', [
      'spin',
    ]);
  });
});
