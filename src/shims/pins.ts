import * as z from 'zod';
import { ARCHES, SHA256 } from './order.ts';
import data from './pins.json' with { type: 'json' };

/**
 * The digests that the catalogue ships: `npm run catalog -- update` writes them from what a release publishes, a person
 * commits them. An asset that is not here is not downloaded.
 */
const pin = z.strictObject({
  sha256: z.string().regex(SHA256),
  /** Where the digest is from, for whoever has to trust it. */
  seen: z.string().min(1),
});
export const pinsSchema = z.record(
  z.string(),
  z.strictObject({
    default: z.string(),
    versions: z.record(z.string(), z.partialRecord(z.enum(ARCHES), pin)),
  }),
);
export type Pins = z.infer<typeof pinsSchema>;

export const PINS: Pins = pinsSchema.parse(data);

/** As it is committed: sorted, so that a new digest is one changed line. */
export function printPins(pins: Pins): string {
  return `${JSON.stringify(sorted(pins), undefined, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
