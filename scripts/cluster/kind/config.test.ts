import { expect } from 'chai';
import { VERSIONS } from '../versions.ts';
import { nodeOf } from './cluster.ts';
import { kindConfig, registryHosts } from './config.ts';
import { portOf } from './registry.ts';

describe('the kind provider', () => {
  const config = JSON.parse(kindConfig({ name: 'kwasm', nodeCount: 2, auditDir: '/cache/audit' }));

  it('asks for nodes of the pinned image, the first with the control plane', () => {
    expect(config).to.include({ kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4', name: 'kwasm' });
    expect(config.nodes.map(({ role }: { role: string }) => role)).to.deep.equal(['control-plane', 'worker']);
    for (const { image } of config.nodes)
      expect(image)
        .to.equal(VERSIONS.kindNode)
        .and.match(/@sha256:[0-9a-f]{64}$/);
  });

  it('mounts the audit directory from here to the API server', () => {
    const [controlPlane] = config.nodes;
    expect(controlPlane.extraMounts).to.deep.equal([
      { hostPath: '/cache/audit', containerPath: '/etc/kubernetes/audit' },
    ]);
    const [cluster, init] = controlPlane.kubeadmConfigPatches.map((text: string) => JSON.parse(text));
    expect(cluster.apiServer.extraVolumes[0]).to.include({ hostPath: '/etc/kubernetes/audit', readOnly: false });
    expect(cluster.apiServer.extraArgs).to.deep.include({
      name: 'audit-log-path',
      value: '/etc/kubernetes/audit/audit.log',
    });
    expect(init).to.deep.equal({ kind: 'InitConfiguration', nodeRegistration: { taints: [] } });
  });

  it('names the registry as the nodes find it', () => {
    expect(registryHosts('kwasm-registry')).to.contain('[host."http://kwasm-registry:5000"]');
    expect(portOf('127.0.0.1:49153\n')).to.equal('49153');
    expect(() => portOf('')).to.throw('no port');
  });

  it('reads a node', () => {
    const status = {
      addresses: [
        { type: 'Hostname', address: 'kwasm-worker' },
        { type: 'InternalIP', address: '172.18.0.3' },
      ],
      nodeInfo: { containerRuntimeVersion: 'containerd://2.3.4' } as never,
    };
    expect(nodeOf({ metadata: { name: 'kwasm-worker' }, status })).to.deep.equal({
      name: 'kwasm-worker',
      address: '172.18.0.3',
      containerd: '2.3',
      cgroupDriver: 'systemd',
    });
  });
});
