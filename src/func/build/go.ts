import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { toolchainMissing } from '../func-error.ts';
import { goFrame } from '../scaffold.ts';
import type { Compilation } from './compilation.ts';
import { framed } from './go-component.ts';
import { goProgram } from './go-program.ts';
import { goSources } from './go-sources.ts';
import { compileTinyGo, isForTinyGo } from './tinygo.ts';
import { requireTool, runTool } from './tool.ts';

const COMPONENT = 'function.wasm';
const FROM = 'https://go.dev/dl';
/** The first that exports functions by //go:wasmexport. */
const [MAJOR, MINOR] = [1, 24];
const ASK_MS = 120_000;

/** Go's own compiler makes a core module, and the component around it is there already: nothing else is needed. */
export async function compileGo(compilation: Compilation): Promise<string> {
  if (await isForTinyGo(compilation)) return compileTinyGo(compilation);
  const { folder, log, signal } = compilation;
  await requireGo(folder);
  const sources = await goSources(folder);
  const program = await goProgram(folder, sources.module, 'component', ({ name }) => sources.asks || name !== OUTGOING);
  log('making the component');
  const core = join(program.directory, 'core.wasm');
  const env = { GOOS: 'wasip1', GOARCH: 'wasm', CGO_ENABLED: '0' };
  await runTool('go', ['build', '-buildmode=c-shared', ...program.flags, '-o', core, program.target], {
    folder,
    signal,
    env,
  });
  const target = join(resolve(folder), COMPONENT);
  await mkdir(resolve(folder), { recursive: true });
  await writeFile(target, framed(core, await readFile(core), goFrame(sources.asks ? 'asking-function' : 'function')));
  return target;
}

/** The part of the scaffold that asks others: an import of its own. */
const OUTGOING = 'outgoing.go';

/** go.mod may name a toolchain of its own, so Go is asked there. */
export async function requireGo(folder: string): Promise<void> {
  requireTool('go', FROM);
  const asked = await execa('go', ['env', 'GOVERSION'], { cwd: folder, timeout: ASK_MS, reject: false });
  if (asked.failed) throw toolchainMissing(asked.stderr.trim() || `go: ${asked.shortMessage}`);
  const [, major = '', minor = ''] = /^go(\d+)\.(\d+)/.exec(asked.stdout.trim()) ?? [];
  // What has no such version is built from a branch, and newer.
  if (major === '' || Number(major) > MAJOR || Number(minor) >= MINOR) return;
  throw toolchainMissing(
    `go ${major}.${minor} cannot make components; ${MAJOR}.${MINOR} or newer can (install from ${FROM})`,
  );
}
