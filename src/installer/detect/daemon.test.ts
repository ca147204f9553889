import { expect } from 'chai';
import { parseUnixSockets, unitOf } from './daemon.ts';
import { kindOf, otherRuntime } from './distribution.ts';
import { endpointOf, flag } from './endpoint.ts';
import { osName } from './identity.ts';

describe('what a process tells', () => {
  it('/proc/PID/net/unix: the sockets that are listened on, with their inodes', () => {
    const text = [
      'Num       RefCount Protocol Flags    Type St Inode Path',
      '00000000278e512b: 00000002 00000000 00010000 0001 01 81278 /run/containerd/containerd.sock.ttrpc',
      '0000000000000000: 00000003 00000000 00000000 0001 03 99 /run/containerd/containerd.sock',
      '00000000102a74db: 00000002 00000000 00010000 0001 01 81279 /run/containerd/containerd.sock',
      '00000000102a74dc: 00000002 00000000 00010000 0001 01  7 /run/a b.sock',
      '00000000102a74dd: 00000002 00000000 00010000 0001 01 8 @abstract',
    ].join('\n');
    expect(parseUnixSockets(text)).to.deep.equal([
      { inode: '81278', path: '/run/containerd/containerd.sock.ttrpc' },
      { inode: '81279', path: '/run/containerd/containerd.sock' },
      { inode: '7', path: '/run/a b.sock' },
    ]);
  });

  for (const [name, cgroup, unit] of [
    ['cgroup v2', '0::/system.slice/containerd.service\n', 'containerd.service'],
    [
      'cgroup v1',
      '12:pids:/system.slice/x.service\n1:name=systemd:/system.slice/containerd.service\n0::/\n',
      'containerd.service',
    ],
    ['seen from a container', '0::/../../../system.slice/k3s-agent.service\n', 'k3s-agent.service'],
    ['delegated further', '0::/system.slice/containerd.service/init\n', 'containerd.service'],
    ['a session', '0::/user.slice/user-0.slice/session-1.scope\n', ''],
    ['no systemd', '', ''],
  ] as const) {
    it(`the unit: ${name}`, () => expect(unitOf(cgroup)).to.equal(unit));
  }

  for (const [args, value] of [
    [['kubelet', '--config=/a', '--v=2'], '/a'],
    [['containerd', '--config', '/b'], '/b'],
    [['x', '-config', '/c'], '/c'],
    [['x', '--config=/a', '--config=/d'], '/d'],
    [['x', '--configure=/a'], undefined],
  ] as const) {
    it(`the flag of ${args.join(' ')}`, () => expect(flag(args, 'config')).to.equal(value));
  }

  for (const [text, endpoint] of [
    ['kind: KubeletConfiguration\ncontainerRuntimeEndpoint: unix:///run/k3s/c.sock\n', 'unix:///run/k3s/c.sock'],
    ['containerRuntimeEndpoint: "unix:///a" # x\n', 'unix:///a'],
    ['  containerRuntimeEndpoint: unix:///nested\n', undefined],
    ['containerRuntimeEndpoint: ""\n', undefined],
    ['{\n  "kind": "x",\n  "containerRuntimeEndpoint": "unix:///json"\n}\n', 'unix:///json'],
    ['{\n  "containerRuntimeEndpoint": ""\n}\n', undefined],
  ] as const) {
    it(`the kubelet's endpoint in ${JSON.stringify(text)}`, () => expect(endpointOf(text)).to.equal(endpoint));
  }

  const daemon = {
    pid: 1,
    unit: '',
    binaryReplaced: false,
    socket: '/run/containerd/containerd.sock',
    binary: '/usr/bin/containerd',
    configFlag: undefined,
    parent: undefined,
  };
  for (const [change, kind] of [
    [{}, 'generic'],
    [{ configFlag: '/etc/containerd/config.toml' }, 'generic'],
    [{ configFlag: '/var/lib/rancher/k3s/agent/etc/containerd/config.toml', unit: 'k3s.service' }, 'k3s'],
    [{ configFlag: '/data/of/ours/agent/etc/containerd/config.toml', unit: 'k3s-agent.service' }, 'k3s'],
    [{ configFlag: '/data/agent/etc/containerd/config.toml', unit: 'rke2-server.service' }, 'rke2'],
    [
      {
        configFlag: '/data/agent/etc/containerd/config.toml',
        unit: 'custom.service',
        parent: { pid: 2, binary: '/opt/rke2/bin/rke2' },
      },
      'rke2',
    ],
    [{ binary: '/data/k0s/bin/containerd', configFlag: '/etc/k0s/containerd.toml' }, 'k0s'],
    [{ configFlag: '/var/snap/microk8s/7/args/containerd.toml' }, 'microk8s'],
    [{ configFlag: '/home/me/k3s/config.toml' }, 'generic'],
  ] as const) {
    it(`who starts it: ${JSON.stringify(change)}`, () => expect(kindOf({ ...daemon, ...change })).to.equal(kind));
  }

  it('other runtimes by their program, or by what they call themselves', () => {
    expect(otherRuntime('crio', 'cri-o')).to.equal('CRI-O');
    expect(otherRuntime('cri-dockerd', 'docker')).to.match(/Docker/);
    expect(otherRuntime('something', 'frakti')).to.equal('frakti');
    expect(otherRuntime('containerd', 'containerd')).to.equal(undefined);
  });

  it("os-release's name", () => {
    expect(osName('ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n')).to.equal('Debian GNU/Linux 13 (trixie)');
    expect(osName('')).to.equal('an unknown system');
  });
});
