import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * The import table of docs/architecture.md, checked: one folder per kind of dependency, so that a file's folder tells
 * what it can wait for. The first row that matches a file's path decides.
 */
interface Layer {
  readonly under: string;
  /** What it may import at run time: path prefixes under src/, or package names. `import type` is free. */
  readonly may: readonly string[];
  readonly pure?: true;
}

const TOP = [
  'contract',
  'errors',
  'clock',
  'log',
  'verdict',
  'retry-delays',
  'bounded-directory',
  'guest-network',
  'quantity',
];

const layers: readonly Layer[] = [
  { under: 'contract', may: [], pure: true },
  { under: 'verdict', may: ['zod'], pure: true },
  { under: 'errors', may: [], pure: true },
  { under: 'retry-delays', may: [], pure: true },
  { under: 'guest-network', may: [], pure: true },
  { under: 'quantity', may: [], pure: true },
  { under: 'clock', may: ['node:'] },
  { under: 'bounded-directory', may: ['node:'] },
  { under: 'log', may: ['winston'] },
  { under: 'shims/', may: ['contract', 'errors', 'semver', 'zod', 'shims/'], pure: true },
  { under: 'wasm/', may: [...TOP, 'wasm/', 'node:'] },
  { under: 'oci/', may: [...TOP, 'oci/', 'node:', 'undici', 'zod'] },
  {
    under: 'fn/',
    may: [...TOP, 'fn/', 'wasm/', 'oci/', 'node:', '@marcbachmann/cel-js', 'yaml', 'js-yaml', 'zod', 'execa'],
  },
  { under: 'func/', may: [...TOP, 'func/', 'wasm/', 'oci/', 'node:', 'yaml', 'js-yaml', 'zod', 'execa'] },
  { under: 'runner/', may: [...TOP, 'runner/', 'oci/', 'node:'] },
  { under: 'dashboard/wire', may: [], pure: true },
  {
    under: 'dashboard/view/',
    may: ['contract', 'verdict', 'operator/decide/', 'dashboard/wire', 'dashboard/view/'],
    pure: true,
  },
  { under: 'dashboard/page/browser/', may: ['dashboard/wire', 'dashboard/view/', 'dashboard/page/browser/'] },
  { under: 'dashboard/page/', may: ['node:', 'esbuild'] },
  { under: 'dashboard/', may: [...TOP, 'dashboard/', 'operator/kube/', 'operator/decide/', 'node:'] },
  { under: 'cli/', may: [''] },
  {
    under: 'operator/decide/',
    may: [
      ...['contract', 'errors', 'verdict', 'retry-delays', 'guest-network', 'quantity'],
      ...['shims/', 'operator/decide/', 'semver', 'node:crypto'],
    ],
    pure: true,
  },
  { under: 'operator/kube/', may: [...TOP, '@kubernetes/client-node', 'undici', 'node:', 'operator/kube/'] },
  { under: 'operator/loop/', may: [...TOP, 'operator/decide/', 'operator/kube/', 'operator/loop/', 'shims/', 'node:'] },
  {
    under: 'operator/',
    may: [...TOP, 'operator/', 'shims/', 'node:', 'prom-client', '@kubernetes/client-node', 'undici', 'js-yaml', 'zod'],
  },
  {
    under: 'installer/plan/',
    may: [
      'contract',
      'errors',
      'shims/',
      'installer/plan/',
      'semver',
      'smol-toml',
      'toml-eslint-parser',
      'node:crypto',
      'node:path/posix',
    ],
    pure: true,
  },
  {
    under: 'installer/',
    may: [...TOP, 'installer/', 'shims/', 'node:', 'execa', 'semver', 'smol-toml', '@grpc/', 'undici', 'zod'],
  },
];

const IMPURE_GLOBALS = /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.env|setTimeout|fetch)\b/;
const IMPORT = /^(?:import|export)\s(?!type\b)(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm;

/** Every breach, as `file: what`. */
export function breaches(srcDir: string): readonly string[] {
  const found: string[] = [];
  for (const entry of readdirSync(srcDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.ts$/.test(entry.name) || /\.test\.ts$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const file = relative(srcDir, path);
    const layer = layers.find(({ under }) => file === `${under}.ts` || file.startsWith(under));
    if (layer === undefined) {
      found.push(`${file}: no row of the table covers it`);
      continue;
    }
    const text = readFileSync(path, 'utf8');
    for (const [, name] of text.matchAll(IMPORT)) {
      if (name === undefined) continue;
      const target = name.startsWith('.') ? relative(srcDir, join(entry.parentPath, name)).replace(/\.ts$/, '') : name;
      if (!layer.may.some((allowed) => target === allowed || target.startsWith(allowed)))
        found.push(`${file}: imports ${target}`);
    }
    if (layer.pure) {
      const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      const match = IMPURE_GLOBALS.exec(code);
      if (match !== null) found.push(`${file}: is pure, yet uses ${match[0]}`);
    }
  }
  return found;
}
