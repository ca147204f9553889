import { expect } from 'chai';
import type { Change } from './change.ts';
import { unexpectedDifference } from './difference.ts';
import { wrongOption } from './handlers.ts';
import { planInstall } from './install.ts';
import { findLoss } from './loss.ts';
import { file, sampleConfig, sampleFacts, wasmtime } from './sample-facts.ts';

const DROP_IN = '/etc/containerd/conf.d/kwasm.toml';
const globs = { globs: ['/etc/containerd/conf.d/*.toml'] };
const root = 'version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n';
const ordered = { ...wasmtime, options: { SystemdCgroup: true, Name: 'a "b"', Count: 3 } };

function textOf(plan: ReturnType<typeof planInstall>): string {
  if (plan.kind !== 'change') throw new Error(`no change: ${JSON.stringify(plan)}`);
  const after = plan.files.find(({ path }) => path === DROP_IN)?.after;
  return after?.kind === 'file' ? after.text : '';
}

describe('ordered options', () => {
  const planned = planInstall(sampleFacts('2.1.4', sampleConfig(root, globs)), [ordered]);

  it("are written as TOML; SystemdCgroup is the node's own where it is not ordered", () => {
    expect(textOf(planned)).to.contain('    SystemdCgroup = true\n    Name = "a \\"b\\""\n    Count = 3\n');
    const plain = planInstall(sampleFacts('2.1.4', sampleConfig(root, globs)), [wasmtime]);
    expect(textOf(plain)).to.contain('    SystemdCgroup = false\n').and.not.contain('Name');
  });

  it('change nothing a second time; another value is a change', () => {
    const dropIn = file(DROP_IN, textOf(planned));
    const now = sampleFacts('2.1.4', sampleConfig(root, { ...globs, imported: [dropIn], dropIns: [dropIn] }));
    expect(planInstall(now, [ordered])).to.have.property('kind', 'unchanged');
    const other = { ...ordered, options: { ...ordered.options, Count: 4 } };
    expect(planInstall(now, [other])).to.have.property('kind', 'change');
    expect(planInstall(now, [wasmtime]), 'one that is not ordered any more').to.have.property('kind', 'change');
  });

  it('are not written where containerd cannot pass them on', () => {
    const plan = planInstall(sampleFacts('1.6.20', sampleConfig('version = 2\n')), [ordered]);
    expect(JSON.stringify(plan)).to.not.contain('Count');
  });

  it('are proved: in what would be loaded, and in what is served', () => {
    const { handlers } = planned as Change;
    const type = handlers[0]?.type ?? '';
    const dump = (Count: unknown) => ({
      plugins: {
        'io.containerd.cri.v1.runtime': {
          containerd: {
            runtimes: { wasmtime: { runtime_type: type, options: { SystemdCgroup: true, Name: 'a "b"', Count } } },
          },
        },
      },
    });
    expect(unexpectedDifference({}, dump(3n), planned as Change)).to.equal(undefined);
    expect(unexpectedDifference({}, dump(4n), planned as Change)).to.match(/with Count = 4/);
    const live = { name: 'wasmtime', type, options: { SystemdCgroup: true, Name: 'a "b"' } };
    const now = {
      ready: true,
      message: '',
      handlers: [live],
      readySandboxes: [],
      runningContainers: [],
      ended: new Map(),
      removedPods: [],
    };
    const baseline = { handlers: [], sandboxes: [], containers: [] };
    expect(findLoss(baseline, now, { handlers, gone: [] })?.reason).to.equal('HandlerNotServed');
    const served = [{ ...live, options: { ...live.options, Count: 3 } }];
    expect(findLoss(baseline, { ...now, handlers: served }, { handlers, gone: [] })).to.equal(undefined);
  });

  it('name the first that is wrong', () => {
    const handler = { name: 'x', type: '/x', systemdCgroup: true, options: { A: 1 } };
    expect(wrongOption(handler, () => undefined)).to.deep.equal({ key: 'SystemdCgroup', value: undefined });
    expect(wrongOption(handler, (key) => key === 'SystemdCgroup')).to.deep.equal({ key: 'A', value: false });
  });
});
