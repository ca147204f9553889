import { expect } from 'chai';
import { checkRegistry, checkTag, isLocalRegistry } from './registry.ts';

describe('registry', () => {
  for (const registry of ['localhost:5000', '10.88.0.1:5000', 'registry.example.com/team/kwasm', 'ghcr.io']) {
    it(`takes ${registry}`, () => expect(checkRegistry(registry)).to.equal(registry));
  }
  for (const registry of ['https://ghcr.io', 'ghcr.io/', 'ghcr.io/Team', '', 'a b', 'host:port']) {
    it(`refuses '${registry}'`, () => expect(() => checkRegistry(registry)).to.throw('is not a registry'));
  }
  for (const tag of ['', '-a', 'a'.repeat(129), 'a/b']) {
    it(`refuses the tag '${tag.slice(0, 9)}'`, () => expect(() => checkTag(tag)).to.throw('is not an image tag'));
  }

  const cases = [
    { registry: 'localhost:5000', local: true },
    { registry: '127.0.0.1:5000/kwasm', local: true },
    { registry: '10.88.0.1:5000', local: true },
    { registry: '172.16.0.1', local: true },
    { registry: '172.32.0.1', local: false },
    { registry: '192.168.1.4:80', local: true },
    { registry: '8.8.8.8:5000', local: false },
    { registry: '10.example.com', local: false },
    { registry: 'localhost.example.com', local: false },
    { registry: 'registry.internal:5000', local: false },
  ];
  for (const { registry, local } of cases) {
    it(`${local ? 'speaks plain HTTP' : 'insists on TLS'} to ${registry}`, () => {
      expect(isLocalRegistry(registry)).to.equal(local);
    });
  }
});
