import { expect } from 'chai';
import { REDACTED, redact, redactText } from './redact.ts';

describe('what a bundle leaves out of text', () => {
  const cases = [
    ['HTTPS_PROXY=http://me:hunter2@proxy:3128 is used', 'hunter2'],
    ['pulling https://robot$x:abc123@registry.example.com/v2/', 'abc123'],
    ['https://ghp_abcdef@github.com/x', 'ghp_abcdef'],
    ['Authorization: Bearer abcdefgh12345678', 'abcdefgh12345678'],
    ['authorization: Basic bWU6aHVudGVyMg==', 'bWU6aHVudGVyMg'],
    ['{"token":"s3cr3tvalue"}', 's3cr3tvalue'],
    ["password: 'swordfish'", 'swordfish'],
    ['--api-key=0123456789', '0123456789'],
    ['x eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl y', 'eyJzdWIiOiJtZSJ9'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----', 'MIIE'],
    ['AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
  ] as const;
  for (const [text, secret] of cases) {
    it(text.split('\n')[0] ?? '', () => {
      expect(text).to.contain(secret);
      expect(redactText(text)).to.contain(REDACTED);
      expect(redactText(text)).not.to.contain(secret);
    });
  }

  const kept = [
    'containerd serves wasmtime',
    'sha256:7b49efbfdd4a86ea7b49efbfdd4a86ea',
    'registry.example.com:5000/kwasm/kwasm-operator:0.3.0@sha256:00ff',
    'https://registry.example.com/v2/kwasm/manifests/latest',
    '2026-01-02T03:04:05Z step verify ms=3189',
  ];
  for (const text of kept) it(`nothing: ${text}`, () => expect(redactText(text)).to.equal(text));
});

describe('what a bundle leaves out of objects', () => {
  it('values whose name says so, and never their name', () => {
    const given = {
      env: [
        { name: 'DB_PASSWORD', value: 'swordfish' },
        { name: 'HTTPS_PROXY', value: 'http://u:p@proxy' },
        { name: 'NODE_ROOT', value: '/mnt' },
      ],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"a":1}', 'example.com/api-token': 't0k3n' },
      managedFields: [{ manager: 'x' }],
      automountServiceAccountToken: false,
      imagePullSecrets: [{ name: 'registry' }],
      deep: { nested: ['Bearer abcdefgh12345678'] },
    };
    expect(redact(given)).to.deep.equal({
      env: [
        { name: 'DB_PASSWORD', value: REDACTED },
        { name: 'HTTPS_PROXY', value: `http://${REDACTED}@proxy` },
        { name: 'NODE_ROOT', value: '/mnt' },
      ],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': REDACTED, 'example.com/api-token': REDACTED },
      automountServiceAccountToken: false,
      imagePullSecrets: [{ name: 'registry' }],
      deep: { nested: [`Bearer ${REDACTED}`] },
    });
    expect(given.env[0]?.value, 'the given object is as it was').to.equal('swordfish');
  });
});
