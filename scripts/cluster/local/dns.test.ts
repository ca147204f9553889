import { expect } from 'chai';
import { corefile, dnsObjects } from './dns.ts';

describe("the cluster's DNS", () => {
  it('asks the world only where the nodes have somebody to ask', () => {
    expect(corefile(true)).to.contain('forward . /etc/resolv.conf');
    expect(corefile(false)).to.not.contain('forward');
    for (const upstream of [true, false]) {
      const text = corefile(upstream);
      expect(text.split('{').length).to.equal(text.split('}').length);
    }
  });

  it('answers at the address that the kubelets hand to their pods', () => {
    const objects = dnsObjects({ image: 'registry/coredns:1', address: '10.187.16.10', upstream: true });
    const service = objects.find((object) => 'kind' in object && object.kind === 'Service');
    expect(service).to.have.nested.property('metadata.name', 'kube-dns');
    expect(service).to.have.nested.property('spec.clusterIP', '10.187.16.10');
  });
});
