import { expect } from 'chai';
import { nodeKind } from './kind.ts';

const debian = {
  kubeletVersion: 'v1.33.1',
  osImage: 'Debian GNU/Linux 12',
  runtime: 'containerd://2.1.4',
  arch: 'amd64',
  labels: {},
};

describe('nodeKind', () => {
  const cases = [
    { given: {}, is: 'kubernetes, Debian GNU/Linux 12, containerd 2.1, amd64' },
    {
      given: { runtime: 'containerd://1.7.27-k3s1', kubeletVersion: 'v1.32.4+k3s1' },
      is: 'k3s, Debian GNU/Linux 12, containerd 1.7, amd64',
    },
    { given: { kubeletVersion: 'v1.32.4+rke2r1' }, is: 'rke2, Debian GNU/Linux 12, containerd 2.1, amd64' },
    { given: { kubeletVersion: 'v1.32.4+k0s' }, is: 'k0s, Debian GNU/Linux 12, containerd 2.1, amd64' },
    { given: { kubeletVersion: 'v1.31.7-eks-473151a' }, is: 'eks, Debian GNU/Linux 12, containerd 2.1, amd64' },
    { given: { kubeletVersion: 'v1.32.2-gke.1297002' }, is: 'gke, Debian GNU/Linux 12, containerd 2.1, amd64' },
    {
      given: { labels: { 'kubernetes.azure.com/cluster': 'c' } },
      is: 'aks, Debian GNU/Linux 12, containerd 2.1, amd64',
    },
    {
      given: { labels: { 'microk8s.io/cluster': 'true' } },
      is: 'microk8s, Debian GNU/Linux 12, containerd 2.1, amd64',
    },
    { given: { runtime: 'cri-o://1.30.2', arch: 'arm64' }, is: 'kubernetes, Debian GNU/Linux 12, cri-o 1.30, arm64' },
    { given: { runtime: '', osImage: '', arch: '' }, is: 'kubernetes' },
  ];
  for (const { given, is } of cases) it(is, () => expect(nodeKind({ ...debian, ...given })).to.equal(is));

  it('is the same for another patch release of containerd', () => {
    expect(nodeKind({ ...debian, runtime: 'containerd://2.1.5' })).to.equal(nodeKind(debian));
    expect(nodeKind({ ...debian, runtime: 'containerd://2.2.0' })).not.to.equal(nodeKind(debian));
  });
});
