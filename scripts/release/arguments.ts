import { parseArgs } from 'node:util';
import { Terminal } from '../../src/errors.ts';
import { checkRegistry, isLocalRegistry } from '../images/registry.ts';

export const USAGE = `npm run release -- [images|publish] --registry REGISTRY [--dry-run] [--dist DIR]

  images     builds and pushes the images of this machine's architecture, and writes their bills of materials
  publish    joins the architectures, packs and pushes the chart, writes checksums, signs; once, after every \`images\`
Without either: both, one after the other.
  --registry REGISTRY   HOST[:PORT][/PATH]; the chart goes to REGISTRY/charts
  --dry-run             all of it against a registry of this machine, but no signatures, and no demand on the tree
  --dist DIR            where the files of the release go (default: dist/release)`;

export type Stage = 'images' | 'publish';

export interface ReleaseArguments {
  readonly stages: readonly Stage[];
  readonly registry: string;
  readonly dryRun: boolean;
  readonly dist: string;
}

const STAGES: readonly Stage[] = ['images', 'publish'];

export function parseReleaseArguments(argv: readonly string[]): ReleaseArguments | 'help' {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      registry: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      dist: { type: 'string', default: 'dist/release' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const stages = positionals.length === 0 ? STAGES : STAGES.filter((stage) => positionals.includes(stage));
  if (positionals.length > 1 || stages.length === 0) {
    throw new Terminal(`'${positionals.join(' ')}': ${STAGES.join(' or ')} is needed, or neither for both`);
  }
  if (values.registry === undefined) throw new Terminal('--registry REGISTRY is missing: where shall the release go?');
  const dryRun = values['dry-run'];
  if (dryRun && !isLocalRegistry(values.registry)) {
    throw new Terminal(`--dry-run publishes nothing: ${values.registry} is not a registry of this machine`);
  }
  return { stages, registry: checkRegistry(values.registry), dryRun, dist: values.dist };
}
