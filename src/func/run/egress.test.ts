import { expect } from 'chai';
import type { GuestNetwork } from '../../guest-network.ts';
import { allowedAddress, outgoingOf } from './egress.ts';

describe('what a function may ask', () => {
  const names: Readonly<Record<string, readonly string[]>> = {
    'db.shop': ['10.0.0.7', '10.0.0.8'],
    'alias.shop': ['10.0.0.8'],
    'evil.example': ['10.0.0.9'],
  };
  const looked: string[] = [];
  const resolve = async (host: string) => {
    looked.push(host);
    return names[host] ?? [];
  };
  const open = (connect: readonly string[], more: Partial<GuestNetwork> = {}): GuestNetwork => ({
    inherit: false,
    allowIpNameLookup: true,
    tcp: { bind: [], connect },
    udp: { bind: [], connect: [], outgoing: [] },
    ...more,
  });
  const cases = [
    { allowed: open(['db.shop:5432']), host: 'db.shop', port: 5432, gives: '10.0.0.7' },
    { allowed: open(['db.shop:5432']), host: 'DB.shop', port: 5432, gives: 'DNS-error' },
    { allowed: open(['db.shop:5432']), host: 'db.shop', port: 80, gives: 'HTTP-request-denied' },
    { allowed: open(['db.shop:*']), host: 'alias.shop', port: 80, gives: '10.0.0.8' },
    { allowed: open(['db.shop:*']), host: '10.0.0.8', port: 80, gives: '10.0.0.8' },
    { allowed: open(['10.0.0.8:80']), host: 'db.shop', port: 80, gives: '10.0.0.8' },
    { allowed: open(['db.shop:*']), host: 'evil.example', port: 80, gives: 'HTTP-request-denied' },
    { allowed: open(['*:443']), host: 'evil.example', port: 443, gives: '10.0.0.9' },
    { allowed: open(['*:443']), host: 'nobody', port: 443, gives: 'DNS-error' },
    { allowed: open(['[::1]:80']), host: '::1', port: 80, gives: '::1' },
    { allowed: open([], { inherit: true }), host: 'evil.example', port: 1, gives: '10.0.0.9' },
    { allowed: open(['*:*'], { allowIpNameLookup: false }), host: 'db.shop', port: 1, gives: 'HTTP-request-denied' },
    { allowed: open(['*:*'], { allowIpNameLookup: false }), host: '10.0.0.1', port: 1, gives: '10.0.0.1' },
  ];
  for (const { allowed, host, port, gives } of cases) {
    it(`${allowed.tcp.connect.join(' ') || 'inherit'}${allowed.allowIpNameLookup ? '' : ', no look-ups'}: ${host}:${port} is ${gives}`, async () => {
      const found = await allowedAddress(allowed, { host, port }, resolve);
      expect(typeof found === 'string' ? found : found.code).to.equal(gives);
    });
  }

  it('looks no name up that it may not ask: a look-up can carry out what a guest knows', async () => {
    looked.length = 0;
    await allowedAddress(open(['db.shop:5432']), { host: 'secret.evil.example', port: 80 }, resolve);
    expect(looked).to.deep.equal([]);
  });
  it('is nothing where func.yaml names no network', () => expect(outgoingOf(undefined)).to.equal(undefined));
  it('refuses what is no authority', async () => {
    const call = { method: 'GET', path: '/', scheme: 'http' as const, headers: [], body: Buffer.alloc(0) };
    for (const authority of ['', 'user:pass@db.shop', 'db.shop/path', 'db.shop:99999'])
      expect(await outgoingOf(open(['*:*']), resolve)?.({ ...call, authority })).to.deep.equal({
        kind: 'failed',
        code: 'HTTP-request-URI-invalid',
      });
  });
});
