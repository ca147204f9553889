import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { componentNew, preview1AdapterCommandPath } from '@bytecodealliance/jco';
import { command } from '../cluster/command.ts';
import { cacheDir } from '../cluster/paths.ts';
import type { Progress } from '../cluster/progress.ts';
import { assemble } from '../images/assemble.ts';
import { Blobs, type Descriptor, writeWhole } from '../images/blobs.ts';
import { textComponent } from '../images/component.ts';
import { parseDockerfile } from '../images/dockerfile.ts';
import { push } from '../images/push.ts';
import { isLocalRegistry } from '../images/registry.ts';
import { ensurePackages } from '../toolchain/packages.ts';
import { toolchain } from '../toolchain/toolchain.ts';

/** References by digest of images that are nothing but a module; what each step of the first two does: e2e/fixtures/steps. */
export interface Fixtures {
  readonly module: string; // wasip1
  readonly component: string; // the same program as a wasi:cli component
  /** Answers HTTP as the demo does, from a kilobyte: the demo's JavaScript engine is compiled for half a minute on a busy machine. */
  readonly http: string;
}

const SOURCE = join(import.meta.dirname, '../../e2e/fixtures/steps');
const HTTP_SOURCE = join(import.meta.dirname, '../../e2e/fixtures/small');
const GO = '1.24'; // the go.mod's
const BUILD_MS_MAX = 10 * 60_000;

/** Builds the guests of the stories from source and pushes them to `registry`. */
export async function pushFixtures(options: {
  readonly registry: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}): Promise<Fixtures> {
  const { registry, progress, signal } = options;
  const dir = join(cacheDir(), 'fixtures');
  mkdirSync(dir, { recursive: true });
  await ensurePackages(['skopeo'], progress.say, signal);
  const module = await progress.step('the guest of the stories', () => wasip1(dir, progress, signal));
  const component = await commandComponent(module);
  const blobs = new Blobs(dir);
  const image = async (name: string, wasm: Uint8Array): Promise<string> => {
    const descriptor = await scratchImage(blobs, dir, wasm);
    const reference = `${registry}/${name}:${descriptor.digest.slice('sha256:'.length, 23)}`;
    await push(blobs, descriptor, { reference, plainHttp: isLocalRegistry(registry), tmp: dir, signal });
    return `${registry}/${name}@${descriptor.digest}`;
  };
  return {
    module: await image('kwasm-fixture-module', module),
    component: await image('kwasm-fixture-component', component),
    http: await image('kwasm-fixture-http', await textComponent(HTTP_SOURCE)),
  };
}

async function wasip1(dir: string, progress: Progress, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCE).toSorted()) hash.update(name).update(readFileSync(join(SOURCE, name)));
  const file = join(dir, `steps-${hash.digest('hex').slice(0, 16)}.wasm`);
  if (!existsSync(file)) {
    const work = mkdtempSync(join(dir, 'work-'));
    try {
      const go = await toolchain('go', { version: GO, say: progress.say, signal });
      const out = join(work, 'steps.wasm');
      const build = go.command(['build', '-trimpath', '-ldflags', '-s -w', '-o', out, '.'], {
        cwd: SOURCE,
        env: { GOOS: 'wasip1', GOARCH: 'wasm' },
        writable: [work],
      });
      await command(build.file, build.args, { cwd: build.cwd, env: build.env, signal, timeoutMs: BUILD_MS_MAX });
      writeWhole(file, readFileSync(out));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return readFileSync(file);
}

/** Wasmtime's adapter translates every wasip1 call; of exit codes it keeps only whether they are 0. */
export async function commandComponent(module: Uint8Array): Promise<Uint8Array> {
  const adapter = readFileSync(preview1AdapterCommandPath());
  return componentNew(module, [['wasi_snapshot_preview1', adapter]]);
}

async function scratchImage(blobs: Blobs, dir: string, wasm: Uint8Array): Promise<Descriptor> {
  const context = mkdtempSync(join(dir, 'context-'));
  try {
    writeWhole(join(context, 'app.wasm'), wasm);
    const recipe = parseDockerfile('FROM scratch\nCOPY app.wasm /app.wasm\nENTRYPOINT ["/app.wasm"]\n', {});
    const noBase = () => Promise.reject(new Error('FROM scratch has no base'));
    return await assemble(blobs, recipe, context, ['amd64', 'arm64'], noBase);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
