import { outcomeOf } from './answer.ts';
import { Child, type Exchange } from './child.ts';
import { ModuleRefused, type RunFailure } from './failure.ts';
import type { GuestOutcome } from './guest/outcome.ts';
import { Kept } from './kept.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { type Abi, detect } from './module.ts';

/**
 * Functions of one pipeline, ready to be called: one resident child process, each module compiled once. Text in, text out; what a list is, is
 * the caller's to say (src/fn).
 */
export interface WasmModule {
  /** How it is called in messages: the path or reference that named it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type RunResult =
  | { readonly kind: 'ok'; readonly output: string; readonly stderr: string; readonly exitCode: 0 }
  | {
      readonly kind: 'failed';
      readonly failure: RunFailure;
      /** The guest's own, or 1 where it had none. */
      readonly exitCode: number;
      readonly stderr: string;
      /** What it returned before it was found to have failed. */
      readonly output?: string;
    };

export interface FunctionRunner {
  /** In the order of the modules. */
  readonly abis: readonly Abi[];
  /** Calls the module of this index with a ResourceList as text. Calls are run one after the other. */
  run(index: number, input: string): Promise<RunResult>;
  close(): Promise<void>;
}

/**
 * Judges every module while its process starts, compiles all before it returns; throws ModuleRefused with the first that is in the way.
 * `packagesOf` is a directory whose packages may hold the translator of components where kwasm has none: the user's own project.
 */
export async function openRunner(
  modules: readonly WasmModule[],
  limits: Partial<Limits> = {},
  packagesOf?: string,
): Promise<FunctionRunner> {
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  const opening = Child.open(bounds);
  try {
    const judged = modules.map((module) => judge(module, modules, bounds));
    const runner = new ResidentRunner(judged, bounds, packagesOf, await opening);
    await runner.start();
    return runner;
  } catch (error) {
    await (await opening).close();
    throw error;
  }
}

/** One that stands in a pipeline twice is loaded once: its id is the place of the first with these bytes. */
function judge(module: WasmModule, all: readonly WasmModule[], { memoryBytes }: Limits): Judged {
  const { abi } = detect(module.name, module.bytes, memoryBytes);
  const first = all.findIndex(({ bytes }) => bytes === module.bytes || Buffer.compare(bytes, module.bytes) === 0);
  return { ...module, abi, id: String(first) };
}

/** The start of the process and V8's reading of a module; no code of the guest runs in it. */
const COMPILE_MS = 60_000;

interface Judged extends WasmModule {
  readonly abi: Abi;
  readonly id: string;
}

class ResidentRunner implements FunctionRunner {
  readonly abis: readonly Abi[];
  private readonly modules: readonly Judged[];
  private readonly limits: Limits;
  private readonly packagesOf: string | undefined;
  private child: Child;
  private isLoaded = false;
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(modules: readonly Judged[], limits: Limits, packagesOf: string | undefined, child: Child) {
    this.child = child;
    this.packagesOf = packagesOf;
    this.modules = modules;
    this.limits = limits;
    this.abis = modules.map(({ abi }) => abi);
  }

  /** A child that was killed for one list is no reason to refuse the next. */
  async start(): Promise<Child> {
    if (this.closed) throw new Error('the runner is closed');
    if (!this.child.alive) {
      await this.child.close();
      this.child = await Child.open(this.limits);
      this.isLoaded = false;
    }
    if (this.isLoaded) return this.child;
    const loaded = new Set<string>();
    for (const module of this.modules) {
      if (!loaded.has(module.id)) await this.load(this.child, module);
      loaded.add(module.id);
    }
    this.isLoaded = true;
    return this.child;
  }

  run(index: number, input: string): Promise<RunResult> {
    const result = this.last.then(() => this.runNext(index, input));
    this.last = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.child.close();
  }

  private async load(child: Child, { name, abi, bytes, id }: Judged): Promise<void> {
    const isComponent = abi === 'wasi-cli' || abi === 'wasi-http';
    const { head, body } = isComponent ? await translated(name, bytes, this.packagesOf) : { head: {}, body: bytes };
    const exchange = await child.exchange({ ...head, kind: 'module', id, abi }, body, new Kept(0), COMPILE_MS);
    if (exchange.kind === 'none') throw new ModuleRefused(name, refusedBy(exchange.failure));
    const { kind, what } = exchange.frame.head;
    if (kind !== 'loaded') throw new ModuleRefused(name, { kind: 'malformed', what: String(what) });
  }

  private async runNext(index: number, input: string): Promise<RunResult> {
    const module = this.modules[index];
    if (module === undefined) throw new RangeError(`no module ${index} of ${this.modules.length}`);
    const child = await this.start();
    const { outputBytes, memoryBytes, stderrBytes, timeoutMs } = this.limits;
    const stderr = new Kept(stderrBytes);
    const head = { kind: 'run', id: module.id, outputBytes, memoryBytes };
    return resultOf(await child.exchange(head, Buffer.from(input, 'utf8'), stderr, timeoutMs), stderr.text());
  }
}

/** What translates is loaded for components only. */
async function translated(name: string, bytes: Uint8Array, packagesOf: string | undefined) {
  const { translate } = await import('./component.ts');
  return await translate(name, bytes, packagesOf);
}

function refusedBy(failure: RunFailure) {
  return { kind: 'malformed', what: `compiling it ended with ${failure.kind}` } as const;
}

function resultOf(exchange: Exchange, stderr: string): RunResult {
  const outcome: GuestOutcome =
    exchange.kind === 'answer' ? outcomeOf(exchange.frame) : { kind: 'failed', failure: exchange.failure, exitCode: 1 };
  return outcome.kind === 'ok' ? { ...outcome, stderr, exitCode: 0 } : { ...outcome, stderr };
}
