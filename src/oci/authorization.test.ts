import { expect } from 'chai';
import { authorize, parseChallenge } from './authorization.ts';
import { isThisMachine, readEndpoints, registrySettings } from './endpoint.ts';

describe('a challenge', () => {
  it('Bearer, with commas in quotes', () => {
    expect(parseChallenge('Bearer realm="https://a/t",service="r.io",scope="repository:x:pull,push"')).to.deep.equal({
      scheme: 'bearer',
      parameters: { realm: 'https://a/t', service: 'r.io', scope: 'repository:x:pull,push' },
    });
  });
  it('Basic', () =>
    expect(parseChallenge('basic realm=x')).to.deep.equal({ scheme: 'basic', parameters: { realm: 'x' } }));
  it('another scheme is none', () => expect(parseChallenge('Negotiate')).to.equal(undefined));

  it('sends no password to an address without TLS when the registry has it', async () => {
    const asked = {
      registry: 'r.io',
      origin: 'https://r.io',
      repository: 'fn',
      access: 'pull',
      challenge: { scheme: 'bearer', parameters: { realm: 'http://evil/t' } },
    } as const;
    const send = () => expect.fail('something was sent');
    const said = await authorize(asked, async () => ({ kind: 'basic', username: 'a', password: 'b' }), send).catch(
      String,
    );
    expect(said).to.contain('http://evil, which is not HTTPS; nothing was sent there');
  });
});

describe('where a registry answers', () => {
  const reference = { registry: 'r.io', repository: 'a/b', tag: 'v1' };
  it('TLS, but for this machine and those that are named', () => {
    const origins = (registry: string, plain: readonly string[] = []) =>
      readEndpoints({ ...reference, registry }, registrySettings(plain, [])).map(({ origin }) => origin);
    expect(origins('r.io')).to.deep.equal(['https://r.io']);
    expect(origins('r.io', ['r.io'])).to.deep.equal(['http://r.io']);
    expect(origins('localhost:5000')).to.deep.equal(['http://localhost:5000']);
    expect(origins('docker.io')).to.deep.equal(['https://registry-1.docker.io']);
  });
  it('mirrors first', () => {
    const settings = registrySettings(['m.io'], ['r.io=m.io/proxy', 'r.io=n.io']);
    expect(readEndpoints(reference, settings)).to.deep.equal([
      { origin: 'http://m.io', repository: 'proxy/a/b', registry: 'm.io' },
      { origin: 'https://n.io', repository: 'a/b', registry: 'n.io' },
      { origin: 'https://r.io', repository: 'a/b', registry: 'r.io' },
    ]);
  });
  it('a name is never taken for this machine', () => {
    expect(['127.0.0.1:5000', '127.9.9.9', 'localhost', '[::1]:5'].every(isThisMachine)).to.equal(true);
    expect(['localhost.example.com', '127.example.com', '10.0.0.1', '128.0.0.1'].some(isThisMachine)).to.equal(false);
  });
  for (const [plain, mirrors] of [
    [['https://r.io'], []],
    [[], ['r.io']],
    [[], ['r.io=a=b']],
    [[], ['=m.io']],
  ] as const) {
    it(`refuses ${JSON.stringify([plain, mirrors])}`, () =>
      expect(() => registrySettings(plain, mirrors)).to.throw(/is not a/));
  }
});
