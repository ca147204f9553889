import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../command.ts';

/** X.509 through openssl(1): Node makes keys, but signs no certificates. */
export interface Subject {
  readonly commonName: string;
  readonly organization?: string;
  /** `DNS:name` and `IP:address`; a certificate that has some can serve. */
  readonly names?: readonly string[];
}

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** The cluster is gone long before. */
const DAYS = '3650';

export async function ensureAuthority(dir: string, name: string): Promise<Pair> {
  return ensure(dir, name, async (pair) => {
    await newKey(pair.key);
    await command('openssl', [
      ...['req', '-x509', '-new', '-key', pair.key, '-out', pair.cert, '-days', DAYS, '-subj', `/CN=${name}`],
      ...['-addext', 'keyUsage=critical,digitalSignature,keyCertSign,cRLSign'],
    ]);
  });
}

/** A key pair signed by `authority`; left alone when it exists. */
export async function ensureCertificate(dir: string, name: string, subject: Subject, authority: Pair): Promise<Pair> {
  return ensure(dir, name, async (pair) => {
    const [request, extensions] = [`${pair.cert}.csr`, `${pair.cert}.ext`];
    writeFileSync(extensions, extensionsOf(subject));
    await newKey(pair.key);
    await command('openssl', ['req', '-new', '-key', pair.key, '-out', request, '-subj', distinguishedName(subject)]);
    await command('openssl', [
      ...['x509', '-req', '-in', request, '-CA', authority.cert, '-CAkey', authority.key, '-set_serial', serial()],
      ...['-out', pair.cert, '-days', DAYS, '-extfile', extensions],
    ]);
  });
}

/** Random, as public authorities' are, so that certificates can be made side by side. */
function serial(): string {
  return `0x${randomBytes(15).toString('hex')}`;
}

/** The key that signs service account tokens, and its public half. */
export async function ensureSigningKey(dir: string, name: string): Promise<Pair> {
  return ensure(dir, name, async (pair) => {
    await newKey(pair.key);
    await command('openssl', ['pkey', '-in', pair.key, '-pubout', '-out', pair.cert]);
  });
}

/** The certificate is renamed into place last, so a pair that was interrupted is made again. */
async function ensure(dir: string, name: string, make: (partial: Pair) => Promise<void>): Promise<Pair> {
  const pair = { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
  if (existsSync(pair.cert)) return pair;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const partial = { cert: `${pair.cert}.partial`, key: `${pair.key}.partial` };
  await make(partial);
  renameSync(partial.key, pair.key);
  renameSync(partial.cert, pair.cert);
  return pair;
}

async function newKey(file: string): Promise<void> {
  await command('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file]);
}

export function distinguishedName({ commonName, organization }: Subject): string {
  return organization === undefined ? `/CN=${commonName}` : `/O=${organization}/CN=${commonName}`;
}

export function extensionsOf({ names = [] }: Subject): string {
  const usages = names.length === 0 ? 'clientAuth' : 'serverAuth,clientAuth';
  return [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=${usages}`,
    ...(names.length === 0 ? [] : [`subjectAltName=${names.join(',')}`]),
    '',
  ].join('\n');
}
