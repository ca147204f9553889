import { expect } from 'chai';
import { addressesOf, nodeAddresses } from './addresses.ts';
import { type NodeSetup, nodeFiles } from './node-files.ts';

const setup: NodeSetup = {
  name: 'kwasm-1',
  containerd: '2.3',
  cgroupDriver: 'systemd',
  machineId: '0123456789abcdef0123456789abcdef',
  addresses: addressesOf('10.187.0.0/16'),
  node: nodeAddresses('10.187.0.0/16', 0),
  registry: '10.187.0.1:5000',
  pauseImage: '10.187.0.1:5000/pause:1',
  nameServers: 'nameserver 192.0.2.1\n',
  authority: 'CA',
  servingCert: 'CERT',
  servingKey: 'KEY',
  kubeletKubeconfig: '{}',
  proxyKubeconfig: '{}',
};

function content(path: string, given: NodeSetup = setup): string {
  const file = nodeFiles(given)[path];
  return file?.kind === 'file' ? file.content : `no file ${path}`;
}

describe("a node's own files", () => {
  it('give it its identity and its address', () => {
    expect(content('/etc/machine-id')).to.equal('0123456789abcdef0123456789abcdef\n');
    expect(content('/etc/hostname')).to.equal('kwasm-1\n');
    expect(content('/etc/systemd/network/10-host0.network')).to.contain('Address=10.187.0.11/24\nGateway=10.187.0.1\n');
  });

  it('let the kubelet and containerd agree on the cgroup driver', () => {
    for (const cgroupDriver of ['systemd', 'cgroupfs'] as const) {
      const given = { ...setup, cgroupDriver };
      expect(JSON.parse(content('/etc/kubernetes/kubelet.yaml', given))).to.include({ cgroupDriver });
      expect(content('/etc/containerd/config.toml', given)).to.contain(`SystemdCgroup = ${cgroupDriver === 'systemd'}`);
    }
  });

  it('keep keys from other users', () => {
    const secret = Object.entries(nodeFiles(setup)).filter(([path]) => /\.key$|\.kubeconfig$/.test(path));
    expect(secret.map(([path, file]) => [path, file.kind === 'file' ? file.mode : 0])).to.deep.equal([
      ['/etc/kubernetes/pki/kubelet.key', 0o600],
      ['/etc/kubernetes/kubelet.kubeconfig', 0o600],
      ['/etc/kubernetes/kube-proxy.kubeconfig', 0o600],
    ]);
  });

  it('enable only units that they bring or that systemd has', () => {
    const files = nodeFiles(setup);
    const links = Object.values(files).flatMap((file) =>
      file.kind === 'link' && file.to !== '/dev/null' ? [file.to] : [],
    );
    const foreign = links.filter((to) => files[to] === undefined);
    expect(foreign).to.deep.equal(['/usr/lib/systemd/system/systemd-networkd.service']);
  });

  it('run containerd as its own unit file says', () => {
    expect(content('/usr/lib/systemd/system/containerd.service'))
      .to.contain('KillMode=process')
      .and.contain('Delegate=yes')
      .and.contain('Type=notify')
      .and.contain('Restart=always');
  });
});
