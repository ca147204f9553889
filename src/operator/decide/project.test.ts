import type { V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { projectNode } from './project.ts';

describe('projectNode', () => {
  const node = (containerRuntimeVersion: string): V1Node => ({
    metadata: { name: 'n1' },
    status: {
      nodeInfo: {
        architecture: 'amd64',
        bootID: 'b',
        containerRuntimeVersion,
        kernelVersion: '6.12',
        kubeProxyVersion: '',
        kubeletVersion: 'v1.36.3',
        machineID: 'm',
        operatingSystem: 'linux',
        osImage: 'Debian 13',
        systemUUID: '',
      },
    },
  });

  it('takes a containerd that does not answer for none that is known', () => {
    expect(projectNode(node('containerd://1.7.35'))).to.include({
      runtime: 'containerd://1.7.35',
      kind: 'kubernetes, Debian 13, containerd 1.7, amd64',
    });
    expect(projectNode(node('containerd://Unknown'))).to.include({ runtime: '', kind: '' });
  });
});
