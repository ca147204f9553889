import { execa } from 'execa';
import { type Row, readTree } from '../../src/installer/golden/row.ts';
import { canonical } from '../../src/installer/plan/same.ts';
import { wasmtime } from '../../src/installer/plan/sample-facts.ts';
import { parseDocument } from '../../src/installer/plan/toml.ts';
import type { Toolchain } from '../toolchain/command.ts';

const PROGRAM = new URL('./render/', import.meta.url).pathname;
const BASE = '{{ template "base" . }}';
const TIMEOUT_MS = 120_000;

/** The template that we write or change, if it is one that extends the distribution's own. */
function templateOf({ directory }: Row): readonly [string, string] | undefined {
  const templates = Object.entries(readTree(`${directory}/after`)).filter(([path]) => path.endsWith('.tmpl'));
  return templates.find(([, text]) => text.includes(BASE));
}

export const extendsBase = (row: Row): boolean => templateOf(row) !== undefined;

/**
 * A template for K3s or RKE2, rendered by Go's own text/template: it must give what the golden tree foresees, and nothing
 * of ours once the distribution has found a shim of that name itself.
 */
export async function checkTemplate(row: Row, go: Toolchain): Promise<void> {
  const [path, template] = templateOf(row) ?? ['', ''];
  const before = readTree(`${row.directory}/before`);
  const rendered = path.replace(/config(-v3)?\.toml\.tmpl$/, 'config.toml');
  const today = before[rendered] ?? '';
  // What stands in a template of somebody's is in their rendered file, too: without it, that is the base.
  const base = today.replace((before[path] ?? '').replace(BASE, '').trim(), '');
  const made = (found: readonly string[]) => render(go, { template, base, found });
  if (meaning(await made([])) !== meaning(readTree(`${row.directory}/after`)[rendered] ?? ''))
    throw new Error(`${path} is rendered as something else than ${rendered} of the golden tree`);
  if (meaning(await made([wasmtime.handler])) !== meaning(today))
    throw new Error(`${path} still declares ${wasmtime.handler} where it was found already`);
}

async function render(
  go: Toolchain,
  input: { template: string; base: string; found: readonly string[] },
): Promise<string> {
  const { file, args, cwd, env } = go.command(['run', '.'], { cwd: PROGRAM });
  const done = await execa(file, args, { cwd, env, input: JSON.stringify(input), timeout: TIMEOUT_MS });
  return done.stdout;
}

function meaning(text: string): string {
  const parsed = parseDocument(text);
  return parsed.kind === 'toml' ? canonical(parsed.document.value) : `no TOML: ${parsed.message}`;
}
