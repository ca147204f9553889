import { verify, X509Certificate } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import type { Signature } from '../../shims/order.ts';
import { derValues, extensionsOf } from './der.ts';
import { Rejected } from './rejected.ts';

/**
 * What projects sign by cosign without keys of their own: a signature over the binary, and a certificate that an authority
 * (Fulcio) gave for ten minutes to whoever showed a token of an identity, such as a release workflow.
 *
 * Checked: the signature is the certificate's over these bytes; the certificate is for signing code, names the ordered
 * identity and issuer, and leads to the ordered roots.
 * Not checked: the transparency log, and with it the time: a certificate that was stolen together with its key is not told
 * from one that was used in its ten minutes. The order's SHA-256 is checked beside all this.
 */
export const NOT_CHECKED = 'the transparency log, and when it was signed';

export interface Signed {
  readonly binary: Buffer;
  /** As cosign writes them: base64 of the signature; PEM, or base64 of PEM. */
  readonly signature: Buffer;
  readonly certificate: Buffer;
}

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
const ALTERNATIVE_NAMES = '2.5.29.17';
/** Fulcio's extensions for the issuer of the token: a UTF8String, and in its older form the bare text. */
const ISSUER = '1.3.6.1.4.1.57264.1.8';
const ISSUER_OLD = '1.3.6.1.4.1.57264.1.1';
const MAIL = 0x81;
const URI = 0x86;
const CHAIN_MAX = 5;

export function assertSigned({ binary, signature, certificate }: Signed, ordered: Signature): void {
  const signer = certificateOf(certificate);
  const refuse = (why: string) => new Rejected(`its signature is not what was ordered: ${why}`, 'SignatureInvalid');
  if (!isOver(binary, signature, signer))
    throw refuse('it is not over this binary, or not by the key of its certificate');
  if (!(signer.keyUsage ?? []).includes(CODE_SIGNING)) throw refuse('its certificate is not one for signing code');
  const extensions = extensionsOf(signer.raw);
  const names = namesOf(extensions.get(ALTERNATIVE_NAMES));
  if (!names.includes(ordered.identity))
    throw refuse(`it is by ${names.join(', ') || 'nobody in particular'}, not by ${ordered.identity}`);
  const issuer = issuerOf(extensions);
  if (issuer !== ordered.issuer)
    throw refuse(`the identity was vouched for by ${issuer ?? 'nobody'}, not by ${ordered.issuer}`);
  if (!leadsTo(signer, rootsOf(ordered.roots)))
    throw refuse('its certificate does not lead to any of the ordered roots');
}

function certificateOf(bytes: Buffer): X509Certificate {
  const text = bytes.toString('latin1').trim();
  const pem = text.startsWith('-----') ? text : Buffer.from(text, 'base64').toString('latin1');
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Rejected(`its certificate cannot be read: ${messageOf(cause)}`, 'SignatureInvalid', { cause });
  }
}

function isOver(binary: Buffer, signature: Buffer, { publicKey }: X509Certificate): boolean {
  const bytes = Buffer.from(signature.toString('latin1').trim(), 'base64');
  try {
    // Ed25519 hashes for itself.
    return verify(publicKey.asymmetricKeyType?.startsWith('ed') ? null : 'sha256', binary, publicKey, bytes);
  } catch {
    return false; // of another kind of key
  }
}

function namesOf(extension: Buffer | undefined): readonly string[] {
  const [list] = derValues(extension ?? Buffer.alloc(0)) ?? [];
  const names = derValues(list?.content ?? Buffer.alloc(0)) ?? [];
  return names.filter(({ tag }) => tag === URI || tag === MAIL).map(({ content }) => content.toString('utf8'));
}

function issuerOf(extensions: ReadonlyMap<string, Buffer>): string | undefined {
  const [value] = derValues(extensions.get(ISSUER) ?? Buffer.alloc(0)) ?? [];
  return value?.content.toString('utf8') ?? extensions.get(ISSUER_OLD)?.toString('utf8');
}

function rootsOf(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new Rejected(`the ordered roots cannot be read: ${messageOf(cause)}`, 'SignatureInvalid', { cause });
  }
}

/** By signatures, up to a root that signed itself. Each was made while the one above it was good. */
function leadsTo(leaf: X509Certificate, roots: readonly X509Certificate[]): boolean {
  let at = leaf;
  for (let depth = 0; depth < CHAIN_MAX; depth += 1) {
    const issuer = roots.find((one) => one.ca && isIssuedBy(at, one));
    if (issuer === undefined) return false;
    if (isIssuedBy(issuer, issuer)) return true;
    at = issuer;
  }
  return false;
}

function isIssuedBy(one: X509Certificate, issuer: X509Certificate): boolean {
  const from = Date.parse(one.validFrom);
  const inTime = from >= Date.parse(issuer.validFrom) && from <= Date.parse(issuer.validTo);
  return inTime && one.checkIssued(issuer) && one.verify(issuer.publicKey);
}
