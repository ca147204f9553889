import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../../scripts/cluster/paths.ts';

/** One function from one source, by the Go toolchain: for this machine, and as a wasip1 module. */
export interface Guest {
  readonly native: string;
  readonly wasm: string;
}

const SOURCES = new URL('./guests/', import.meta.url).pathname;
const BUILD_MS_MAX = 20 * 60_000;

/** Built once for each state of its source; the first time takes a minute or two. */
export function buildGuest(name: string): Guest {
  const files = [join(SOURCES, 'go.mod'), join(SOURCES, 'go.sum'), ...sources(name)];
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  const dir = join(cacheDir(), 'peers', `${name}-${hash.digest('hex').slice(0, 12)}`);
  const guest = { native: join(dir, name), wasm: join(dir, `${name}.wasm`) };
  if (existsSync(guest.wasm)) return guest;
  mkdirSync(dir, { recursive: true });
  compile(name, guest.native, { CGO_ENABLED: '0' });
  compile(name, guest.wasm, { GOOS: 'wasip1', GOARCH: 'wasm' });
  return guest;
}

function sources(name: string): readonly string[] {
  const dir = join(SOURCES, name);
  return readdirSync(dir).map((file) => join(dir, file));
}

function compile(name: string, target: string, env: Readonly<Record<string, string>>): void {
  const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', `${target}.partial`, `./${name}`];
  execFileSync('go', args, { cwd: SOURCES, env: { ...process.env, ...env }, timeout: BUILD_MS_MAX });
  renameSync(`${target}.partial`, target);
}
