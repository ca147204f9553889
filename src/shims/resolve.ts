import { Terminal } from '../errors.ts';
import { CATALOGUE } from './catalogue.ts';
import { type NamedShim, shimSpecSchema } from './spec.ts';

/** One of `kwasmOperator.shims`: a name of the catalogue, or a name with what differs, or a whole definition. */
export type GivenShim = string | ({ readonly name: string } & Readonly<Record<string, unknown>>);

/** Field by field over the catalogue's entry of that name, if there is one. */
export function resolveShim(given: GivenShim, catalogue: Readonly<Record<string, object>> = CATALOGUE): NamedShim {
  const { name, ...changes } = typeof given === 'string' ? { name: given } : given;
  const entry = Object.hasOwn(catalogue, name) ? catalogue[name] : undefined;
  if (entry === undefined && Object.keys(changes).length === 0) {
    throw new Terminal(
      `shims: the catalogue has no ${name}; it has: ${Object.keys(catalogue).join(', ')}. Any other is to be defined whole: docs/shims.md`,
    );
  }
  const parsed = shimSpecSchema.safeParse({ ...entry, ...changes });
  if (parsed.success) return { name, spec: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
  throw new Terminal(`shims: ${name}: ${problems.join('; ')}`);
}
