import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Functions compiled for tests by the real Go toolchain from scripts/testing/guests, kept by content below the cache directory: the
 * first run takes a minute, later ones nothing.
 */
const guests = join(dirname(fileURLToPath(import.meta.url)), 'guests');

export interface GoBuild {
  readonly goos: 'js' | 'wasip1';
  /** Such as `go1.20.14`, the last whose programs import `go`, as kpt 1.0.0-beta.56 wants; fetched by Go itself as a Go module. */
  readonly toolchain?: string;
}

/** The path of the compiled module; undefined where Go, or that toolchain, cannot be had: a test says so by this.skip(). */
export function goGuest(name: string, { goos, toolchain }: GoBuild): string | undefined {
  const env = { ...process.env, GOOS: goos, GOARCH: 'wasm', ...(toolchain ? { GOTOOLCHAIN: toolchain } : {}) };
  const asked = spawnSync('go', ['version'], { encoding: 'utf8', env });
  if (asked.status !== 0) {
    console.error(
      `      no Go toolchain${toolchain ? ` ${toolchain}` : ''}: ${asked.error?.message ?? asked.stderr.trim()}`,
    );
    return undefined;
  }
  const source = join(guests, name);
  const hash = createHash('sha256').update(`${asked.stdout}${goos}`);
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)));
  const directory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kwasm', 'test-guests');
  const built = join(directory, `${name}-${goos}-${hash.digest('hex').slice(0, 16)}.wasm`);
  if (existsSync(built)) return built;
  mkdirSync(directory, { recursive: true });
  const partial = `${built}.${process.pid}`;
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', partial, '.'], {
    cwd: source,
    env,
    stdio: 'inherit',
  });
  renameSync(partial, built);
  return built;
}

/** The same program as a component: its WASI preview 1 by the adapter that turns it into WASI 0.2. */
export async function goComponent(name: string): Promise<string | undefined> {
  const command = goGuest(name, { goos: 'wasip1' });
  if (command === undefined) return undefined;
  const built = command.replace(/\.wasm$/, '.component.wasm');
  if (existsSync(built)) return built;
  const { componentNew, preview1AdapterCommandPath } = await import('@bytecodealliance/jco');
  const adapter = readFileSync(preview1AdapterCommandPath());
  const component = await componentNew(readFileSync(command), [['wasi_snapshot_preview1', adapter]]);
  writeFileSync(`${built}.${process.pid}`, component);
  renameSync(`${built}.${process.pid}`, built);
  return built;
}
