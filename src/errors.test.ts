import { expect } from 'chai';
import { Bug, classify, Terminal } from './errors.ts';

describe('what an error asks for', () => {
  const coded = (code: string, message: string) => Object.assign(new Error(message), { code });
  const wrapped = (cause: Error) => new TypeError('fetch failed', { cause });

  const cases = [
    { of: 'a refused connection', error: wrapped(coded('ECONNREFUSED', 'connect')), kind: 'retryable' },
    { of: 'a certificate out of its time', error: wrapped(coded('CERT_HAS_EXPIRED', 'expired')), kind: 'retryable' },
    { of: 'another authority', error: coded('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed'), kind: 'retryable' },
    { of: 'no TLS', error: coded('ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number'), kind: 'retryable' },
    { of: 'a busy server', error: { status: 503 }, kind: 'retryable' },
    { of: 'a refusal', error: { status: 403 }, kind: 'terminal' },
    { of: 'what nobody thought of', error: new TypeError('x is not a function'), kind: 'bug' },
    { of: 'what was told already', error: new Terminal('the certificate of a person'), kind: 'terminal' },
    { of: 'a broken invariant', error: new Bug('the certificate'), kind: 'bug' },
  ];
  for (const { of, error, kind } of cases) {
    it(`${of}: ${kind}`, () => expect(classify(error).kind).to.equal(kind));
  }
});
