import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFunction } from '../build.ts';
import { newFunctionFile, writeFunctionFile } from '../function-file.ts';
import { templateFiles } from '../templates.ts';

/** A function's directory for tests: the TypeScript template, with handlers of the tests' own around its handler, on kwasm's own packages. */
export const packages = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const PROBE = fileURLToPath(new URL('../../../scripts/testing/guests/func-probe/probe.ts', import.meta.url));

/** Its component is made once, and again when it, the template or the packages have changed. */
export async function builtProbe(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kwasm', 'test-guests', 'func-probe');
  const files: Record<string, string> = {
    ...templateFiles('ts-wasi', 'http'),
    'src/probe.ts': readFileSync(PROBE, 'utf8'),
  };
  files['package.json'] = (files['package.json'] ?? '').replace('src/handler.ts', 'src/probe.ts');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cache, path)), { recursive: true });
    writeFileSync(join(cache, path), text);
  }
  await writeFunctionFile(cache, newFunctionFile('func-probe', 'ts-wasi', new Date(0)));
  linkPackages(cache);
  await buildFunction(cache);
  return cache;
}

export function linkPackages(folder: string): void {
  rmSync(join(folder, 'node_modules'), { force: true });
  symlinkSync(packages, join(folder, 'node_modules'));
}

/** A copy, built as well, with this behind its func.yaml. */
export function probeWith(probe: string, yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kwasm-func-'));
  const filter = (path: string) => !path.endsWith('/node_modules') || !statSync(path).isDirectory();
  cpSync(probe, folder, { recursive: true, filter });
  linkPackages(folder);
  const file = join(folder, 'func.yaml');
  writeFileSync(file, readFileSync(file, 'utf8') + yaml);
  return folder;
}
