import { expect } from 'chai';
import { proxyPath, serviceAddress } from './service-proxy.ts';

describe('serviceAddress', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['http://hello.shop.svc.cluster.local', '/api/v1/namespaces/shop/services/http:hello:80/proxy/a'],
    ['http://hello.shop.svc', '/api/v1/namespaces/shop/services/http:hello:80/proxy/a'],
    ['http://hello.shop.svc.our.domain:8080', '/api/v1/namespaces/shop/services/http:hello:8080/proxy/a'],
    ['http://hello.shop.example.com', undefined],
    ['http://10.0.0.1', undefined],
  ];
  for (const [url, path] of cases) {
    it(url, () => {
      const address = serviceAddress(new URL(url));
      expect(address === undefined ? undefined : proxyPath(address, '/a')).to.equal(path);
    });
  }
});
