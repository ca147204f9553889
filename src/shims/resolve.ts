import { Terminal } from '../errors.ts';
import { CATALOGUE, type Entry } from './catalogue.ts';
import { type NamedShim, shimSpecSchema } from './spec.ts';

/** One of `kwasmOperator.shims`: a name of the catalogue, or a name with what differs, or a whole definition. */
export type GivenShim = string | ({ readonly name: string } & Readonly<Record<string, unknown>>);

/** Field by field over the catalogue's entry of that name, if there is one. */
export function resolveShim(given: GivenShim, catalogue: Readonly<Record<string, Entry>> = CATALOGUE): NamedShim {
  const { name, ...changes } = typeof given === 'string' ? { name: given } : given;
  const entry = Object.hasOwn(catalogue, name) ? catalogue[name] : undefined;
  if (entry === undefined && Object.keys(changes).length === 0) {
    throw new Terminal(
      `shims: the catalogue has no ${name}; it has: ${Object.keys(catalogue).join(', ')}. Any other is to be defined whole: docs/shims.md`,
    );
  }
  const parsed = shimSpecSchema.safeParse({ ...(entry === undefined ? {} : specOf(name, entry, changes)), ...changes });
  if (parsed.success) return { name, spec: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
  throw new Terminal(`shims: ${name}: ${problems.join('; ')}`);
}

/** With the sources of the version that is meant: those of another one must not pass for it. */
function specOf(name: string, entry: Entry, changes: Readonly<Record<string, unknown>>): object {
  const { versions = {}, frozen = false, ...spec } = entry;
  if (changes['sources'] !== undefined) return spec;
  const version = changes['version'] ?? entry.version;
  const sources = version === entry.version ? entry.sources : versions[String(version)];
  if (sources !== undefined) return { ...spec, sources };
  const known = Object.keys(versions).join(', ');
  throw new Terminal(
    [
      `shims: ${name} ${String(version)}: the catalogue has no digest of it`,
      known === '' ? '' : ` (of ${known} it has)`,
      frozen ? ' (its project has ended)' : '',
      '. Pin it yourself: shims: [{name: ',
      `${name}, version: ${String(version)}, sources: [{arch: amd64, https: {url: ..., sha256: ...}}]}], with a SHA-256`,
      ' that you have verified; `npm run catalog -- update` fetches what a release publishes. docs/catalogue.md',
    ].join(''),
  );
}
