import { parseArgs } from 'node:util';
import { Terminal } from '../../src/errors.ts';

export interface BenchArguments {
  readonly help: boolean;
  readonly short: boolean;
  readonly only: readonly string[];
  /** Where the table goes, too. */
  readonly out: string | undefined;
}

export function usageText(sections: readonly string[]): string {
  return `npm run bench -- [options]

The operator's real bundle against a real API server and etcd, with thousands of nodes that exist in the API only.

  --only NAME[,NAME]   of ${sections.join(', ')}
  --short              counts only, on a small cluster: for CI, where time means nothing
  --out FILE           write the table there, too`;
}

export function parseBench(argv: readonly string[], sections: readonly string[]): BenchArguments {
  const { values } = parse(argv, sections);
  const only = values.only === undefined ? sections : values.only.split(',');
  const unknown = only.filter((name) => !sections.includes(name));
  if (unknown.length > 0) throw new Terminal(`--only ${unknown.join(',')}: there are ${sections.join(', ')}`);
  return { help: values.help ?? false, short: values.short ?? false, only, out: values.out };
}

function parse(argv: readonly string[], sections: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        short: { type: 'boolean' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Terminal(`${error instanceof Error ? error.message : error}\n\n${usageText(sections)}`);
  }
}
