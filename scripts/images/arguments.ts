import { parseArgs } from 'node:util';
import { Terminal } from '../../src/errors.ts';
import { BUILDERS, type Builder } from './builder.ts';

export const USAGE = `npm run images -- --push REGISTRY [--tag TAG] [--plain-http] [--builder assemble|buildx]
npm run images -- --twice

Builds the operator, the installer, the demo component, the canary and the runner, and pushes them to REGISTRY (HOST[:PORT][/PATH]).
  --tag TAG      instead of one derived from the content
  --plain-http   the registry has no TLS; assumed of localhost and of private addresses
  --builder NAME instead of the one that fits this machine
  --twice        builds every image twice from nothing, without an engine, and fails if any digest differs; pushes nothing`;

export interface ImagesArguments {
  readonly registry: string;
  readonly tag: string | undefined;
  readonly plainHttp: boolean | undefined;
  readonly builder: Builder | undefined;
}

export function parseImagesArguments(argv: readonly string[]): ImagesArguments | 'help' | 'twice' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      push: { type: 'string' },
      tag: { type: 'string' },
      builder: { type: 'string' },
      'plain-http': { type: 'boolean' },
      twice: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  if (values.twice) {
    const alone = Object.keys(values).length === 1;
    return alone ? 'twice' : refuse('--twice compares builds and pushes nothing: it takes no other option');
  }
  if (values.push === undefined) throw new Terminal('--push REGISTRY is missing: where shall the images go?');
  const builder = BUILDERS.find((name) => name === values.builder);
  if (values.builder !== undefined && builder === undefined) {
    throw new Terminal(`--builder ${values.builder}: ${BUILDERS.join(' or ')} is needed`);
  }
  return { registry: values.push, tag: values.tag, plainHttp: values['plain-http'], builder };
}

function refuse(message: string): never {
  throw new Terminal(message);
}
