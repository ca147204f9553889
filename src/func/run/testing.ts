import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFunction } from '../build.ts';
import { newFunctionFile, writeFunctionFile } from '../function-file.ts';
import { templateFiles } from '../templates.ts';

/** A function's directory for tests: a template, with handlers of the tests' own around its handler, on kwasm's own packages. */
export const packages = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const GUESTS = fileURLToPath(new URL('../../../scripts/testing/guests', import.meta.url));
const guest = (path: string) => readFileSync(join(GUESTS, path), 'utf8');

export type ProbeRuntime = 'ts-wasi' | 'go-wasi';

/** Its component is made once, and again when it, the template or the packages have changed. */
export async function builtProbe(runtime: ProbeRuntime): Promise<string> {
  const name = runtime === 'ts-wasi' ? 'func-probe' : 'func-probe-go';
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kwasm', 'test-guests', name);
  for (const [path, text] of Object.entries(probeFiles(runtime))) {
    mkdirSync(dirname(join(cache, path)), { recursive: true });
    writeFileSync(join(cache, path), text);
  }
  await writeFunctionFile(cache, newFunctionFile('func-probe', runtime, new Date(0)));
  if (runtime === 'ts-wasi') linkPackages(cache);
  await buildFunction(cache);
  return cache;
}

function probeFiles(runtime: ProbeRuntime): Readonly<Record<string, string>> {
  const template = templateFiles(runtime, 'http');
  if (runtime === 'ts-wasi') {
    const own = (template['package.json'] ?? '').replace('src/handler.ts', 'src/probe.ts');
    return { ...template, 'src/probe.ts': guest('func-probe/probe.ts'), 'package.json': own };
  }
  const greet = (template['handle.go'] ?? '').replace('func Handle(', 'func greet(');
  return { 'go.mod': template['go.mod'] ?? '', 'handle.go': greet, 'probe.go': guest('func-probe-go/probe.go') };
}

export function linkPackages(folder: string): void {
  rmSync(join(folder, 'node_modules'), { force: true });
  symlinkSync(packages, join(folder, 'node_modules'));
}

/** Whether Go is here; a test says that it is not by this.skip(). */
export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** A copy, built as well, with this behind its func.yaml. */
export function probeWith(probe: string, yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kwasm-func-'));
  const filter = (path: string) => !path.endsWith('/node_modules') || !statSync(path).isDirectory();
  cpSync(probe, folder, { recursive: true, filter });
  if (existsSync(join(probe, 'node_modules'))) linkPackages(folder);
  const file = join(folder, 'func.yaml');
  writeFileSync(file, readFileSync(file, 'utf8') + yaml);
  return folder;
}
