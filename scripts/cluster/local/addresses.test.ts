import { expect } from 'chai';
import fc from 'fast-check';
import { addressesOf, NODES_MAX, nodeAddresses, overlapping } from './addresses.ts';

describe('addresses of a cluster', () => {
  it('divides the range', () => {
    expect(addressesOf('10.187.0.0/16')).to.deep.equal({
      range: '10.187.0.0/16',
      bridge: '10.187.0.1',
      bridgePrefix: 24,
      services: '10.187.16.0/20',
      apiService: '10.187.16.1',
      dns: '10.187.16.10',
      pods: '10.187.128.0/17',
    });
    expect(nodeAddresses('10.187.0.0/16', 1)).to.deep.equal({ address: '10.187.0.12', pods: '10.187.129.0/24' });
  });

  for (const range of [
    '10.0.0.0/8',
    '10.1.2.0/16',
    '8.8.0.0/16',
    '172.32.0.0/16',
    '10.999.0.0/16',
    'x',
    '10.1.0.0/16 ',
  ]) {
    it(`refuses ${range}`, () => expect(() => addressesOf(range)).to.throw('--range'));
  }

  it('gives no two nodes one address, and refuses more than fit', () => {
    const index = fc.integer({ min: 0, max: NODES_MAX - 1 });
    fc.assert(
      fc.property(index, index, (a, b) => {
        fc.pre(a !== b);
        const [one, other] = [nodeAddresses('10.1.0.0/16', a), nodeAddresses('10.1.0.0/16', b)];
        expect(one.address).to.not.equal(other.address);
        expect(one.pods).to.not.equal(other.pods);
      }),
    );
    expect(() => nodeAddresses('10.1.0.0/16', NODES_MAX)).to.throw('128 nodes');
  });
});

describe('overlapping routes', () => {
  const cases = [
    { name: 'a net around it', dst: '10.0.0.0/8', found: ['10.0.0.0/8 (eth0)'] },
    { name: 'a net inside it', dst: '10.187.4.0/24', found: ['10.187.4.0/24 (eth0)'] },
    { name: 'a host inside it', dst: '10.187.4.1', found: ['10.187.4.1 (eth0)'] },
    { name: 'its neighbour', dst: '10.188.0.0/16', found: [] },
    { name: 'the default route', dst: 'default', found: [] },
    { name: 'a high net', dst: '192.0.2.0/24', found: [] },
  ];
  for (const { name, dst, found } of cases) {
    it(name, () => expect(overlapping('10.187.0.0/16', [{ dst, dev: 'eth0' }], 'kw-kwasm')).to.deep.equal(found));
  }

  it('leaves out those of the cluster itself', () => {
    expect(overlapping('10.187.0.0/16', [{ dst: '10.187.0.0/24', dev: 'kw-kwasm' }], 'kw-kwasm')).to.deep.equal([]);
  });
});
