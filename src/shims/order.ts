import * as z from 'zod';
import { messageOf, Terminal } from '../errors.ts';

/**
 * What the operator orders of our installer, in KWASM_SHIMS: a JSON array of orders. Without that variable the installer
 * installs every shim that its image bundles. Both sides parse with this schema, strictly: an installer that does not know
 * a field (a signature to be checked, say) must not install as if it were not there.
 */

/** containerd's handler: what a RuntimeClass may name, and short enough for our label `runtime.kwasm.sh/<handler>`. */
export const HANDLER = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
export const SHA256 = /^[0-9a-f]{64}$/;
/** A reference with its digest: a tag may be moved by whoever can push. */
export const PINNED_IMAGE = /^[a-zA-Z0-9][a-zA-Z0-9._:/-]{0,400}@sha256:[0-9a-f]{64}$/;
export const ARCHES = ['amd64', 'arm64'] as const;
export type Arch = (typeof ARCHES)[number];

/** Of a download; what is unpacked from it has a bound of its own. */
export const DOWNLOAD_BYTES_MAX = 1024 * 1024 * 1024;
const ORDERS_MAX = 32;

const fileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be a file name: letters, digits, ".", "_" and "-"');
/** Inside an archive or an image: relative, and it stays inside. */
const innerPath = z
  .string()
  .max(256)
  .regex(
    /^(?!\.{1,2}(\/|$))[A-Za-z0-9._+-]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._+-]+)*$/,
    'must be a relative path without ".."',
  );

/** Who must have signed a binary: upstream's `<member>.sig` and `<member>.pem` lie beside it in the archive. */
export const signatureSchema = z.strictObject({
  /** As the certificate names it: the URI of a workflow, or a mail address. */
  identity: z.string().min(1).max(1024),
  /** Who vouched for the identity, as `https://token.actions.githubusercontent.com`. */
  issuer: z.string().min(1).max(1024),
  /** Certificates that the signer's must lead to, intermediate ones too. */
  roots: z
    .string()
    .max(32 * 1024)
    .regex(/-----BEGIN CERTIFICATE-----/, 'must be certificates as PEM'),
});
export type Signature = z.infer<typeof signatureSchema>;

/** What a Shim says of a source, and what an order says: the same, but for `kind`. */
export const httpsFields = {
  url: z
    .string()
    .max(2048)
    .refine((text) => URL.parse(text)?.protocol === 'https:' && URL.parse(text)?.username === '', {
      error: 'must be an https:// URL without a user name',
    }),
  /** Of what is downloaded: the archive, or the bare binary. */
  sha256: z.string().regex(SHA256, 'must be the SHA-256 of the download: 64 digits of 0-9a-f'),
  /** The file in the archive; left out: the shim's binary. */
  member: innerPath.optional(),
  sizeMax: z.number().int().min(1).max(DOWNLOAD_BYTES_MAX).optional(),
  /** Left out: the digest alone says what is installed. */
  signature: signatureSchema.optional(),
};
export const imageFields = {
  reference: z.string().regex(PINNED_IMAGE, 'must be an image reference that ends in @sha256: and 64 digits of 0-9a-f'),
  path: innerPath,
};
const bundled = z.strictObject({ kind: z.literal('bundled') });
const https = z.strictObject({ kind: z.literal('https'), ...httpsFields });
/** The operator has the kubelet mount it at `<SHIMS_DIR>/<name>`. */
const image = z.strictObject({ kind: z.literal('image'), ...imageFields });
export const sourceSchema = z.discriminatedUnion('kind', [bundled, https, image]);
export type Source = z.infer<typeof sourceSchema>;

/** A value of TOML for `runtimes.<handler>.options`. */
const option = z.union([z.string().max(1024), z.number(), z.boolean()]);

const platformSchema = z.strictObject({ arch: z.enum(ARCHES), source: sourceSchema });
export type Platform = z.infer<typeof platformSchema>;

/** Of a Shim object, too. */
export const shimName = z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/, 'must be the name of a Shim');
/** What a Shim and an order have in common. */
export const shimFields = {
  handler: z.string().regex(HANDLER, 'must be a handler: at most 63 of a-z, 0-9 and "-"'),
  binary: fileName,
  version: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/, 'must be a version'),
  /** SystemdCgroup is copied from the node's runc where it is not named. */
  options: z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a bare TOML key'), option).default({}),
};

export const orderSchema = z.strictObject({
  name: shimName,
  ...shimFields,
  platforms: z
    .array(platformSchema)
    .min(1)
    .refine((all) => new Set(all.map(({ arch }) => arch)).size === all.length, 'one source per architecture'),
});
export type Order = z.infer<typeof orderSchema>;

const ordersSchema = z
  .array(orderSchema)
  .min(1)
  .max(ORDERS_MAX)
  .refine((all) => new Set(all.map(({ handler }) => handler)).size === all.length, 'two orders name one handler')
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two orders have one name');

/** Where an image source is mounted in the installer's container, as a directory with the Shim's name. */
export const SHIMS_DIR = '/shims';

export function parseOrders(text: string): readonly Order[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new Terminal(`KWASM_SHIMS is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const parsed = ordersSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
  throw new Terminal(`KWASM_SHIMS: ${problems.join('; ')}`);
}

/** One text for one meaning, whatever order things were written in: the node's desired state is hashed from it. */
export function printOrders(orders: readonly Order[]): string {
  return JSON.stringify([...orders].sort(by(({ handler }) => handler)).map(canonical));
}

function canonical({ name, handler, binary, version, options, platforms }: Order): Order {
  return {
    name,
    handler,
    binary,
    version,
    options: Object.fromEntries(Object.entries(options).sort(by(([key]) => key))),
    platforms: [...platforms]
      .sort(by(({ arch }) => arch))
      .map(({ arch, source }) => ({ arch, source: sourceSchema.parse(source) })),
  };
}

function by<One>(key: (one: One) => string): (a: One, b: One) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
