import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import * as z from 'zod';
import type { Order, Source } from '../../shims/order.ts';
import type { Host } from '../host.ts';
import { shimsBelow } from '../plan/shim.ts';

/**
 * What a binary on the host was made of, in a file beside it: with that, another run of the same order needs no network. The
 * binary is hashed anew each time; the file only says which one to look at.
 */
const FILE = 'brought.json';
const PINS_MAX = 8;

const schema = z.object({
  version: z.literal(1),
  binary: z.string(),
  sha256: z.string(),
  /** Newest last: two archives may hold the same binary. */
  pins: z.array(z.string()),
});
export type Brought = z.infer<typeof schema>;

/** Everything that decides what comes out of an order, and nothing else: another mirror brings the same. */
export function pinOf({ binary }: Order, source: Source): string | undefined {
  switch (source.kind) {
    case 'bundled':
      return undefined;
    case 'image':
      return `image ${source.reference.split('@')[1]} ${source.path}`;
    case 'https': {
      const { sha256, member = binary, signature } = source;
      // Ordered with another signature, or with one at all, it has to be checked.
      const signed = signature === undefined ? '' : ` signed ${hash(JSON.stringify(signature)).slice(0, 16)}`;
      return `https ${sha256} ${member}${signed}`;
    }
  }
}

export interface Kept {
  /** As the host names it. */
  readonly path: string;
  readonly sha256: string;
}

/** The binary that an earlier run made of this pin, as good as it was then; undefined: it is to be brought. */
export function findBrought(
  host: Host,
  prefix: string,
  handler: string,
  binary: string,
  pin: string,
): Kept | undefined {
  const directory = join(shimsBelow(prefix), handler);
  if (!existsSync(host.at(directory))) return undefined;
  for (const name of readdirSync(host.at(directory))) {
    const known = readBrought(host, join(directory, name, binary));
    if (known === undefined || known.binary !== binary || !known.pins.includes(pin)) continue;
    const path = join(directory, name, binary);
    if (known.sha256.startsWith(name) && existsSync(host.at(path)) && sha256Of(host.at(path)) === known.sha256)
      return { path, sha256: known.sha256 };
  }
  return undefined;
}

export const broughtPath = (shim: string): string => join(dirname(shim), FILE);

/** undefined: there is none, or none that this version reads: then the shim is brought again, and it is written anew. */
function readBrought(host: Host, shim: string): Brought | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(readFileSync(host.at(broughtPath(shim)), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The text to be written beside a binary; undefined: it says so already. */
export function broughtText(host: Host, shim: string, binary: string, sha256: string, pin: string): string | undefined {
  const known = readBrought(host, shim);
  const pins = known?.sha256 === sha256 && known.binary === binary ? known.pins : [];
  if (pins.includes(pin)) return undefined;
  const brought: Brought = { version: 1, binary, sha256, pins: [...pins, pin].slice(-PINS_MAX) };
  return `${JSON.stringify(brought, undefined, 2)}\n`;
}

export const sha256Of = (path: string): string => hash(readFileSync(path));

const hash = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
