import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';
import { command } from '../cluster/command.ts';
import { cacheDir } from '../cluster/paths.ts';
import type { Progress } from '../cluster/progress.ts';
import { COMPONENT, componentOf } from './component.ts';
import { differences } from './difference.ts';
import { type Digests, digestsSchema } from './once.ts';
import { type ImageName, REPOSITORIES } from './registry.ts';

interface Build {
  readonly dir: string;
  readonly digests: Digests;
}

const BUILD_MS_MAX = 15 * 60_000;
const ONCE = join(import.meta.dirname, 'once.ts');

/**
 * Builds every image twice from nothing, by processes that differ in what must not matter (the path, its length, the
 * umask, the time zone, the time), and compares. Two files are made once and given to both: the shim, whose compilation
 * takes long, and the demo component, whose snapshot of a JavaScript engine holds that engine's random seeds.
 */
export async function buildTwice(options: {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}): Promise<Digests> {
  const { progress, signal } = options;
  const cache = join(cacheDir(), 'images');
  mkdirSync(join(cache, 'tmp'), { recursive: true });
  await progress.step('the demo component', () => componentOf(COMPONENT, cache));
  const dir = mkdtempSync(join(cache, 'twice-'));
  try {
    const first = { dir: join(dir, 'a'), umask: '022', env: { TZ: 'UTC' } };
    const second = { dir: join(dir, 'another-place/with/a-longer-path'), umask: '027', env: { TZ: 'Asia/Kathmandu' } };
    const made = (place: Place, count: number) => {
      cpSync(join(cache, 'components'), join(place.dir, 'components'), { recursive: true });
      return progress.step(`build ${count} of 2, from nothing`, () => build(place, signal));
    };
    return compared(await made(first, 1), await made(second, 2));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Place {
  readonly dir: string;
  readonly umask: string;
  readonly env: Readonly<Record<string, string>>;
}

async function build({ dir, umask, env }: Place, signal: AbortSignal | undefined): Promise<Build> {
  const script = 'umask "$1"; shift; exec "$@"';
  const args = ['-c', script, 'sh', umask, process.execPath, ONCE, dir];
  const printed = await command('sh', args, { env, signal, timeoutMs: BUILD_MS_MAX });
  return { dir, digests: digestsSchema.parse(JSON.parse(printed)) };
}

/** The digests on which both builds agree, or what differs. */
export function compared(one: Build, other: Build): Digests {
  const names = Object.keys(REPOSITORIES) as readonly ImageName[];
  const broken = names.flatMap((name) => {
    const [first, second] = [one.digests[REPOSITORIES[name]], other.digests[REPOSITORIES[name]]];
    if (first !== undefined && first === second) return [];
    if (first === undefined || second === undefined) return [`${REPOSITORIES[name]}: one of them was not made`];
    return [`${REPOSITORIES[name]}: ${first} and ${second}; ${where(name, one, other)}`];
  });
  if (broken.length > 0) throw new Terminal(`two builds of the same source differ:\n${broken.join('\n')}`);
  return one.digests;
}

function where(name: ImageName, one: Build, other: Build): string {
  const files = differences(join(one.dir, 'context', name), join(other.dir, 'context', name));
  return files.length === 0 ? 'our files are the same: the base layers differ' : `files: ${files.join(', ')}`;
}
