import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { type Bounds, boundDirectory, DAY_MS, markUsed } from '../bounded-directory.ts';
import { messageOf } from '../errors.ts';
import { ModuleRefused } from './failure.ts';
import { type Frame, FrameReader } from './frames.ts';
import { Kept } from './kept.ts';
import { permissionFlag } from './sandbox.ts';

/**
 * Node runs core modules only: a component becomes core modules and the JavaScript between them by jco. That takes seconds, so the result is kept by the
 * component's digest and jco's version. It is made in a process of its own, since a translator fed with a stranger's bytes may not end.
 */
const JCO = '@bytecodealliance/jco/component';
const TRANSLATED_BYTES_MAX = 1024 * 1024 * 1024;
/** Some 14 MB each. */
const KEPT_BOUNDS: Bounds = { bytesMax: 512 * 1024 * 1024, unusedMsMax: 30 * DAY_MS };
/** 12 MB take 7 seconds on a quiet machine. */
const TRANSLATE_MS = 5 * 60_000;
const STDERR_BYTES = 16 * 1024;

/** A frame whose head lists `files`, name and size, and whose body holds them one after the other. */
export async function translate(name: string, bytes: Uint8Array, packagesOf?: string): Promise<Frame> {
  const entry = jcoEntry(name, packagesOf);
  const root = join(dirname(entry), '..');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const digest = createHash('sha256').update(bytes).digest('hex');
  const directory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kwasm', 'translated');
  const kept = join(directory, `${digest}-jco-${version}`);
  const earlier = await readFile(kept).then(frameOf, () => undefined);
  if (earlier !== undefined) {
    await markUsed(kept, Date.now());
    return earlier;
  }
  const made = await run(name, entry, bytes);
  const frame = frameOf(made);
  if (frame === undefined) throw new ModuleRefused(name, { kind: 'malformed', what: 'jco gave nothing' });
  await keep(directory, kept, made);
  return frame;
}

/** A command that is one file has no packages beside it, and jco has 50 MB: a user of components installs it. */
function jcoEntry(name: string, packagesOf: string | undefined): string {
  const places = packagesOf === undefined ? [] : [join(resolve(packagesOf), 'package.json')];
  for (const place of [import.meta.url, ...places]) {
    try {
      return createRequire(place).resolve(JCO);
    } catch {} // the next place may have it
  }
  const what = `is a component, and running one needs the package @bytecodealliance/jco beside kwasm: npm install --global @bytecodealliance/jco`;
  throw new ModuleRefused(name, { kind: 'toolMissing', what });
}

/** The checksum in front tells a file that was cut, or touched. */
function frameOf(kept: Buffer): Frame | undefined {
  const content = kept.subarray(32);
  if (!createHash('sha256').update(content).digest().equals(kept.subarray(0, 32))) return undefined;
  return new FrameReader(TRANSLATED_BYTES_MAX).add(content)[0];
}

/** A cache that cannot be written costs time and nothing else. */
async function keep(directory: string, path: string, content: Buffer): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const partial = `${path}.${process.pid}`;
    await writeFile(partial, content, { mode: 0o600 });
    await rename(partial, path);
    await boundDirectory(directory, KEPT_BOUNDS, Date.now());
  } catch {
    return;
  }
}

/** Plain text for --eval: it may read the packages jco lies among and nothing else. */
const PROGRAM = `
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { generate } = await import(process.argv[1]);
const { files } = await generate(Buffer.concat(chunks), {
  name: 'guest', instantiation: { tag: 'sync' }, noTypescript: true, noNodejsCompat: true, tlaCompat: false, base64Cutoff: 0, map: [],
});
const kept = files.filter(([name]) => /\\.(js|wasm)$/.test(name));
const head = Buffer.from(JSON.stringify({ files: kept.map(([name, { length }]) => ({ name, size: length })) }));
const sizes = Buffer.alloc(8);
sizes.writeUInt32LE(head.length, 0);
sizes.writeUInt32LE(kept.reduce((sum, [, { length }]) => sum + length, 0), 4);
for (const part of [sizes, head, ...kept.map(([, bytes]) => bytes)]) process.stdout.write(part);
`;

async function run(name: string, entry: string, bytes: Uint8Array): Promise<Buffer> {
  const packages = entry.slice(0, entry.lastIndexOf(`${sep}node_modules${sep}`) + `${sep}node_modules`.length);
  // jco's own WASI asks a worker for what it waits for.
  const flags = [permissionFlag(), '--allow-worker', `--allow-fs-read=${packages}`, '--no-warnings'];
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', PROGRAM, entry], {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TRANSLATE_MS,
    killSignal: 'SIGKILL',
  });
  const output: Buffer[] = [];
  const stderr = new Kept(STDERR_BYTES);
  child.stdin.on('error', () => {}); // it has ended; the code tells
  child.stdin.end(bytes);
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
  const ended = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? firstError(stderr.text()))));
  });
  if (ended !== undefined)
    throw new ModuleRefused(name, { kind: 'malformed', what: `jco cannot translate this component: ${ended}` });
  const content = Buffer.concat(output);
  return Buffer.concat([createHash('sha256').update(content).digest(), content]);
}

function firstError(text: string): string {
  const lines = text.split('\n').filter((line) => /error/i.test(line));
  return lines[0]?.trim() ?? text.trim().split('\n').at(-1) ?? 'without a word';
}
