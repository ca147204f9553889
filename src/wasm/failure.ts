/**
 * How a guest can fail, and the words for it. A limit is a named failure, never a hang; the guest's own exit code is kept
 * (kpt lost it: an exit of 7 ended as a TypeError of the host).
 */
export type RefusedModule =
  | { readonly kind: 'notWasm'; readonly size: number }
  | { readonly kind: 'malformed'; readonly what: string }
  | { readonly kind: 'unsupportedImport'; readonly import: string }
  | { readonly kind: 'noEntry'; readonly wanted: string }
  | { readonly kind: 'memoryTooLarge'; readonly wantedBytes: number; readonly limitBytes: number }
  | { readonly kind: 'fileTooLarge'; readonly size: number; readonly limitBytes: number }
  | { readonly kind: 'toolMissing'; readonly what: string };

export type RunFailure =
  | { readonly kind: 'refused'; readonly refused: RefusedModule }
  | { readonly kind: 'timedOut'; readonly afterMs: number }
  | { readonly kind: 'outOfMemory'; readonly limitBytes: number }
  | { readonly kind: 'outputTooLarge'; readonly limitBytes: number }
  | { readonly kind: 'exitedBeforeReturning' }
  | { readonly kind: 'noRegistration'; readonly missing: string }
  /** processResourceListErrors returned text. */
  | { readonly kind: 'reported'; readonly message: string }
  | { readonly kind: 'nonZeroExit'; readonly exitCode: number }
  /** A component's HTTP answer other than 200. */
  | { readonly kind: 'httpStatus'; readonly status: number; readonly body: string }
  | { readonly kind: 'returnedNothing'; readonly what: string }
  | { readonly kind: 'trap'; readonly message: string }
  /** The child process ended on its own; a bug of ours or of the engine, contained like the rest. */
  | { readonly kind: 'childEnded'; readonly how: string };

/** A module that cannot be run, found before anything ran. */
export class ModuleRefused extends Error {
  readonly module: string;
  readonly refused: RefusedModule;
  constructor(module: string, refused: RefusedModule) {
    super(`${module}: ${refusedText(refused)}`);
    this.module = module;
    this.refused = refused;
  }
}

export function refusedText(refused: RefusedModule): string {
  switch (refused.kind) {
    case 'notWasm':
      return `not a WebAssembly module (${refused.size} bytes)`;
    case 'malformed':
      return `not a valid WebAssembly module: ${refused.what}`;
    case 'unsupportedImport':
      return `imports ${refused.import}, which is not offered: a function is built for GOOS=js (imports gojs or go), WASI preview 1 (wasi_snapshot_preview1) or as a component`;
    case 'noEntry':
      return `has no entry: ${refused.wanted}`;
    case 'memoryTooLarge':
      return `asks for ${mebibytes(refused.wantedBytes)} of memory at its start, the limit is ${mebibytes(refused.limitBytes)} (--memory)`;
    case 'fileTooLarge':
      return `a module of ${mebibytes(refused.size)}; no function is larger than ${mebibytes(refused.limitBytes)}`;
    case 'toolMissing':
      return refused.what;
  }
}

export function failureText(failure: RunFailure): string {
  switch (failure.kind) {
    case 'refused':
      return refusedText(failure.refused);
    case 'timedOut':
      return `timed out after ${failure.afterMs % 1000 === 0 ? `${failure.afterMs / 1000}s` : `${failure.afterMs}ms`} (--timeout)`;
    case 'outOfMemory':
      return `out of memory: the limit is ${mebibytes(failure.limitBytes)} (--memory)`;
    case 'outputTooLarge':
      return `output too large: the limit is ${mebibytes(failure.limitBytes)}`;
    case 'exitedBeforeReturning':
      return 'exited before returning a list';
    case 'noRegistration':
      return `did not register ${failure.missing}`;
    case 'reported':
      return failure.message;
    case 'nonZeroExit':
      return `exited with code ${failure.exitCode}`;
    case 'httpStatus':
      return failure.body === '' ? `answered HTTP ${failure.status}` : failure.body;
    case 'returnedNothing':
      return `returned no ResourceList: ${failure.what}`;
    case 'trap':
      return `trapped: ${failure.message}`;
    case 'childEnded':
      return `its process ended: ${failure.how}`;
  }
}

export function mebibytes(bytes: number): string {
  const value = bytes / (1024 * 1024);
  return value >= 1 ? `${Number.isInteger(value) ? value : value.toFixed(1)} MiB` : `${bytes} bytes`;
}
