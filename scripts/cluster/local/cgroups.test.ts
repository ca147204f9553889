import { expect } from 'chai';
import { groupName, planCgroups } from './cgroups.ts';

const line = (id: number, root: string, point: string, type: string, options: string) =>
  `${id} 20 0:${id} ${root} ${point} rw,relatime shared:${id} - ${type} cgroup rw,${options}`;

describe('cgroups of a node', () => {
  const group = groupName('kwasm', 'kwasm-1');

  it('lie below our own group in each version 1 hierarchy, with PID 1 in payload where nspawn manages', () => {
    const own = '9:name=systemd:/session\n4:memory:/limited/by-me\n3:cpuset:/\n2:cpu,cpuacct:/\n0::/\n';
    const mounts = [
      '20 1 254:0 / / rw - ext4 /dev/vda rw',
      line(31, '/', '/sys/fs/cgroup/memory', 'cgroup', 'memory'),
      line(32, '/', '/sys/fs/cgroup/cpuset', 'cgroup', 'cpuset'),
      line(33, '/', '/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'cpu,cpuacct'),
      line(34, '/', '/sys/fs/cgroup/systemd', 'cgroup', 'xattr,name=systemd'),
      line(35, '/', '/sys/fs/cgroup/unified', 'cgroup2', 'nsdelegate'),
      line(36, '/', '/sys/fs/cgroup/rdma', 'cgroup', 'rdma'),
    ].join('\n');
    const memory = '/sys/fs/cgroup/memory/limited/by-me';
    const systemd = '/sys/fs/cgroup/systemd/session';
    const plain = { aliases: [], copy: [] };
    expect(planCgroups({ own, mounts }, group)).to.deep.equal({
      kind: 'v1',
      hierarchies: [
        { name: 'memory', ...plain, parent: memory, group: `${memory}/${group}`, root: `${memory}/${group}` },
        {
          ...{ name: 'cpuset', aliases: [], parent: '/sys/fs/cgroup/cpuset' },
          ...{ group: `/sys/fs/cgroup/cpuset/${group}`, root: `/sys/fs/cgroup/cpuset/${group}` },
          copy: ['cpuset.cpus', 'cpuset.mems'],
        },
        {
          ...{ name: 'cpu,cpuacct', aliases: ['cpu', 'cpuacct'], copy: [], parent: '/sys/fs/cgroup/cpu,cpuacct' },
          ...{ group: `/sys/fs/cgroup/cpu,cpuacct/${group}`, root: `/sys/fs/cgroup/cpu,cpuacct/${group}` },
        },
        {
          name: 'systemd',
          ...plain,
          parent: systemd,
          group: `${systemd}/${group}`,
          root: `${systemd}/${group}/payload`,
        },
        {
          ...{ name: 'unified', ...plain, parent: '/sys/fs/cgroup/unified' },
          ...{ group: `/sys/fs/cgroup/unified/${group}`, root: `/sys/fs/cgroup/unified/${group}/payload` },
        },
      ],
    });
  });

  it('are relative to the mount in a container that sees only a part of the hierarchy', () => {
    const mounts = line(31, '/docker/abc', '/sys/fs/cgroup/pids', 'cgroup', 'pids');
    const plan = planCgroups({ own: '5:pids:/docker/abc/deeper\n', mounts }, group);
    expect(plan).to.have.nested.property('hierarchies[0].parent', '/sys/fs/cgroup/pids/deeper');
  });

  it('lie right below the root of the unified hierarchy', () => {
    const mounts = line(30, '/', '/sys/fs/cgroup', 'cgroup2', 'nsdelegate');
    expect(planCgroups({ own: '0::/user.slice/session.scope\n', mounts }, group)).to.deep.equal({
      kind: 'v2',
      parent: '/sys/fs/cgroup',
      group: `/sys/fs/cgroup/${group}`,
    });
  });
});
