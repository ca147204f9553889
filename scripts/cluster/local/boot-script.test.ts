import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { type BootPlan, bootScript, quote } from './boot-script.ts';

const plan: BootPlan = {
  machine: 'kwasm-1',
  bridge: 'kw-kwasm',
  dir: '/cache/nodes/kwasm-1',
  programs: { '/usr/bin/kubelet': '/cache/tools/kubelet' },
  cgroups: {
    kind: 'v1',
    hierarchies: [
      { name: 'memory', aliases: [], copy: [], parent: '/cg/memory', group: '/cg/memory/g', root: '/cg/memory/g' },
      {
        ...{ name: 'cpu,cpuset', aliases: ['cpu', 'cpuset'], copy: ['cpuset.cpus'] },
        ...{ parent: '/cg/c', group: '/cg/c/g', root: '/cg/c/g/payload' },
      },
    ],
  },
};

describe('boot of a node', () => {
  it('enters its groups before it becomes nspawn', () => {
    expect(bootScript(plan).split('\n').slice(0, -2)).to.deep.equal([
      'set -eu',
      'mount -t tmpfs -o mode=755 cgroup /cache/nodes/kwasm-1/cgroup',
      'mkdir -p /cg/memory/g',
      'echo $$ > /cg/memory/g/cgroup.procs',
      'mkdir -p /cg/memory/g /cache/nodes/kwasm-1/cgroup/memory',
      'mount --bind /cg/memory/g /cache/nodes/kwasm-1/cgroup/memory',
      'mkdir -p /cg/c/g',
      'cat /cg/c/cpuset.cpus > /cg/c/g/cpuset.cpus',
      'echo $$ > /cg/c/g/cgroup.procs',
      'mkdir -p /cg/c/g/payload /cache/nodes/kwasm-1/cgroup/cpu,cpuset',
      'mount --bind /cg/c/g/payload /cache/nodes/kwasm-1/cgroup/cpu,cpuset',
      'ln -s cpu,cpuset /cache/nodes/kwasm-1/cgroup/cpu',
      'ln -s cpu,cpuset /cache/nodes/kwasm-1/cgroup/cpuset',
      'mkdir -p /run/systemd/nspawn && mount -t tmpfs tmpfs /run/systemd/nspawn',
      'mount -t overlay overlay -o lowerdir=/cache/nodes/kwasm-1/lower,upperdir=/cache/nodes/kwasm-1/upper,workdir=/cache/nodes/kwasm-1/work /cache/nodes/kwasm-1/root',
    ]);
  });

  it('leaves the unified hierarchy to nspawn', () => {
    const script = bootScript({ ...plan, cgroups: { kind: 'v2', parent: '/cg', group: '/cg/g' } });
    expect(script).to.contain('echo $$ > /cg/g/cgroup.procs').and.not.contain(':/sys/fs/cgroup');
    execFileSync('sh', ['-n'], { input: script });
  });

  it('is a shell script, and gives the node its programs and nothing writable of them', () => {
    execFileSync('sh', ['-n'], { input: bootScript(plan) });
    expect(bootScript(plan)).to.contain('--bind-ro=/cache/tools/kubelet:/usr/bin/kubelet');
  });

  it('quotes what a shell would read otherwise', () => {
    for (const text of ['plain/path', 'with space', "it's", '$(rm -r x)', '']) {
      expect(execFileSync('sh', ['-c', `printf %s ${quote(text)}`], { encoding: 'utf8' })).to.equal(text);
    }
  });
});
