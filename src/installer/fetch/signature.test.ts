import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import fc from 'fast-check';
import type { Signature } from '../../shims/order.ts';
import { derValues, extensionsOf } from './der.ts';
import { Rejected } from './rejected.ts';
import { assertSigned, type Signed } from './signature.ts';

const WORKFLOW = 'https://github.com/containerd/runwasi/.github/workflows/release.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';
const binary = Buffer.from('\x7fELF and so on');

/** An authority with an intermediate, as Fulcio is: made by openssl, which shares no code with what is tested. */
describe('a signature without keys of its own', function () {
  this.timeout(60_000);
  let dir: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-signature-'));
    for (const name of ['root', 'other']) await authority(name);
    await issue('between', 'root', ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']);
    const usual = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'];
    const named = [`subjectAltName=critical,URI:${WORKFLOW}`, `1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:${ISSUER}`];
    const code = 'extendedKeyUsage=codeSigning';
    await issue('signer', 'between', [...usual, code, ...named]);
    await issue('server', 'between', [...usual, 'extendedKeyUsage=serverAuth', ...named]);
    await issue('nobody', 'between', [...usual, code]);
    // Issued by a certificate that may issue none.
    await issue('child', 'signer', [...usual, code, ...named]);
  });
  after(() => rmSync(dir, { recursive: true }));

  const path = (name: string) => join(dir, name);
  const openssl = (...args: string[]) => execa('openssl', args, { cwd: dir });
  const read = (name: string) => readFileSync(path(name));

  async function key(name: string): Promise<void> {
    await openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${name}.key`);
  }
  async function authority(name: string): Promise<void> {
    await key(name);
    const use = ['-addext', 'keyUsage=critical,keyCertSign'];
    await openssl('req', '-x509', '-new', '-key', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`, ...use);
  }
  async function issue(name: string, by: string, extensions: readonly string[]): Promise<void> {
    await key(name);
    writeFileSync(path(`${name}.ext`), `${extensions.join('\n')}\n`);
    await openssl('req', '-new', '-key', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const ca = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...ca, '-out', `${name}.pem`, '-extfile', `${name}.ext`);
  }

  const signedBy = (name: string, bytes = binary): Signed => ({
    binary,
    signature: Buffer.from(sign('sha256', bytes, read(`${name}.key`).toString()).toString('base64')),
    certificate: read(`${name}.pem`),
  });
  const ordered = (change: Partial<Signature> = {}): Signature => ({
    identity: WORKFLOW,
    issuer: ISSUER,
    roots: `${read('between.pem')}${read('root.pem')}`,
    ...change,
  });

  it('is taken: by the workflow that was ordered, under the roots that were ordered', () => {
    assertSigned(signedBy('signer'), ordered());
  });

  it('is taken with its certificate as cosign writes it: PEM in base64', () => {
    const { certificate, ...rest } = signedBy('signer');
    assertSigned({ ...rest, certificate: Buffer.from(certificate.toString('base64')) }, ordered());
  });

  const bad: readonly (readonly [name: string, given: () => readonly [Signed, Signature], says: RegExp])[] = [
    ['over other bytes', () => [signedBy('signer', Buffer.from('other')), ordered()], /not over this binary/],
    [
      'by another key',
      () => [{ ...signedBy('other'), certificate: read('signer.pem') }, ordered()],
      /not over this binary/,
    ],
    [
      'that is no base64',
      () => [{ ...signedBy('signer'), signature: Buffer.from('????') }, ordered()],
      /not over this/,
    ],
    [
      'by another workflow',
      () => [signedBy('signer'), ordered({ identity: `${WORKFLOW}2` })],
      /it is by https.*, not by/,
    ],
    [
      'vouched for by another',
      () => [signedBy('signer'), ordered({ issuer: 'https://gitlab.com' })],
      /vouched for by https:\/\/token/,
    ],
    ['by a certificate for servers', () => [signedBy('server'), ordered()], /not one for signing code/],
    ['by nobody', () => [signedBy('nobody'), ordered()], /by nobody in particular/],
    [
      'under another root',
      () => [signedBy('signer'), ordered({ roots: read('other.pem').toString() })],
      /does not lead to any/,
    ],
    [
      'under half a chain',
      () => [signedBy('signer'), ordered({ roots: read('between.pem').toString() })],
      /does not lead/,
    ],
    [
      'under a certificate that may issue none',
      () => [
        signedBy('child'),
        ordered({ roots: ['signer', 'between', 'root'].map((name) => read(`${name}.pem`)).join('') }),
      ],
      /does not lead/,
    ],
    [
      'without a certificate',
      () => [{ ...signedBy('signer'), certificate: Buffer.from('x') }, ordered()],
      /cannot be read/,
    ],
  ];
  for (const [name, given, says] of bad) {
    it(`is refused ${name}`, () => {
      const [signed, order] = given();
      expect(() => assertSigned(signed, order))
        .to.throw(Rejected, says)
        .with.property('reason', 'SignatureInvalid');
    });
  }

  it('finds the extensions that openssl writes', () => {
    const found = extensionsOf(new X509Certificate(read('signer.pem')).raw);
    expect([...found.keys()]).to.include.members(['2.5.29.17', '1.3.6.1.4.1.57264.1.8', '2.5.29.37']);
  });
});

describe('derValues', () => {
  it('never reads beyond what is there, whatever the bytes', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const values = derValues(Buffer.from(bytes)) ?? [];
        const read = values.reduce((sum, { content }) => sum + content.length, 0);
        expect(read).to.be.at.most(bytes.length);
        extensionsOf(Buffer.from(bytes));
      }),
    ));

  it('knows a key that is no ASCII of anything', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    expect(derValues(publicKey.export({ type: 'spki', format: 'der' }))).to.have.length(1);
  });
});
