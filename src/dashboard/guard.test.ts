import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { hasToken, pageHeaders, refusalOf } from './guard.ts';

describe('guard of the dashboard', () => {
  const ours = { host: '127.0.0.1:4711' };
  const cases = [
    { name: 'our address', headers: ours, status: undefined },
    { name: 'localhost', headers: { host: 'localhost:4711' }, status: undefined },
    {
      name: 'our own page',
      headers: { ...ours, origin: 'http://127.0.0.1:4711', 'sec-fetch-site': 'same-origin' },
      status: undefined,
    },
    { name: 'typed into the address line', headers: { ...ours, 'sec-fetch-site': 'none' }, status: undefined },
    { name: 'a name that was bound anew to this address', headers: { host: 'evil.example:4711' }, status: 403 },
    { name: 'our name on another port', headers: { host: 'localhost:80' }, status: 403 },
    { name: 'no Host', headers: {}, status: 403 },
    { name: 'a page of somebody else', headers: { ...ours, origin: 'https://evil.example' }, status: 403 },
    { name: 'a page without origin', headers: { ...ours, origin: 'null' }, status: 403 },
    { name: 'another program on this machine', headers: { ...ours, 'sec-fetch-site': 'same-site' }, status: 403 },
  ] as const;
  for (const { name, headers, status } of cases) {
    it(`${name}: ${status ?? 'let in'}`, () =>
      expect(refusalOf({ method: 'GET', headers }, 4711)?.status).to.equal(status));
  }

  it('answers nothing but GET and HEAD, so no preflight succeeds', () => {
    for (const method of ['POST', 'OPTIONS', 'PUT', 'DELETE'])
      expect(refusalOf({ method, headers: ours }, 4711)?.status).to.equal(405);
  });

  it('wants the whole token', () => {
    const given = (authorization?: string) =>
      hasToken({ headers: authorization === undefined ? {} : { authorization } }, 'secret');
    expect(given('Bearer secret')).to.equal(true);
    for (const wrong of [undefined, 'Bearer ', 'Bearer secre', 'Bearer secrets', 'secret', 'Basic secret'])
      expect(given(wrong), String(wrong)).to.equal(false);
  });

  it('names by hash what the page may run', () => {
    const page = '<style>a{}</style><script type="module">go()</script>';
    const hash = createHash('sha256').update('go()').digest('base64');
    const policy = pageHeaders(page)['content-security-policy'];
    expect(policy)
      .to.contain(`script-src 'sha256-${hash}';`)
      .and.contain("default-src 'none'")
      .and.not.contain('unsafe');
  });
});
