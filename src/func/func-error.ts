/**
 * Every way in which a function's command can fail. The texts are those of knative func's WASI support, since scripts match them
 * (https://github.com/knative/func/pull/3560); what is added stands behind them.
 */
export type FuncErrorKind =
  /** func.yaml, a template, a flag: what the author wrote. */
  | 'input'
  | 'noImage'
  | 'toolchain'
  | 'build'
  | 'noBinary'
  | 'witProvision'
  | 'ociPull'
  | 'notImplemented'
  | 'notWasi'
  | 'crdMissing'
  /** Knative Serving is there, and does not take what a function needs. */
  | 'knativeFeature'
  | 'combination'
  /** It was asked, and nothing came, or too much. */
  | 'noAnswer'
  | 'readiness'
  | 'notReady'
  | 'pod'
  /** No such function where it was looked for, or one that another deployer looks after. */
  | 'notFound'
  | 'notHandled';

export class FuncError extends Error {
  readonly kind: FuncErrorKind;
  constructor(kind: FuncErrorKind, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.kind = kind;
  }
}

export function noImage(): FuncError {
  return new FuncError(
    'noImage',
    'no image reference configured: name one with --image, or a registry with --registry (or image or registry in func.yaml)',
  );
}

/** `what` names the tool and where to get it. */
export function toolchainMissing(what: string): FuncError {
  return new FuncError('toolchain', `${what}: build toolchain not found`);
}

export function noBinary(where: string): FuncError {
  return new FuncError('noBinary', `${where}: no WASM binary produced`);
}

export function witProvisionFailed(key: string, reference: string, why: string, cause?: unknown): FuncError {
  const text = `WIT provisioning failed: dep ${JSON.stringify(key)} from ${reference}: ${why}`;
  return new FuncError('witProvision', text, { cause });
}

export function ociPullFailed(reference: string, why: string, cause?: unknown): FuncError {
  return new FuncError('ociPull', `OCI pull failed: ${reference}: ${why}`, { cause });
}

export function notImplemented(runtime: string): FuncError {
  return new FuncError('notImplemented', `WASM builder: runtime ${JSON.stringify(runtime)}: not yet implemented`);
}

export function notWasi(runtime: string, built: readonly string[]): FuncError {
  return new FuncError(
    'notWasi',
    `WASM builder: runtime ${JSON.stringify(runtime)}: not a WASI runtime; kwasm func builds ${listed(built)}, and func the others`,
  );
}

export function crdMissing(): FuncError {
  return new FuncError(
    'crdMissing',
    'WasmModule CRD not found; install knative-serving-wasm controller, or switch ours on: helm upgrade with wasmModules.enabled=true',
  );
}

export function incompatible(part: 'builder' | 'deployer', value: string, runtime: string, valid: readonly string[]) {
  return new FuncError(
    'combination',
    `${part} ${JSON.stringify(value)} is not compatible with runtime ${JSON.stringify(runtime)}. Valid ${part}s for this runtime are: ${listed(valid)}`,
  );
}

function listed(names: readonly string[]): string {
  const [last, ...before] = names.toReversed();
  if (before.length < 2) return names.join(' and ');
  return `${before.toReversed().join(', ')}, and ${last}`;
}

export function notReadyInTime(name: string, namespace: string, after: string): FuncError {
  return new FuncError(
    'readiness',
    `timed out waiting for WasmModule ${JSON.stringify(name)} to become ready after ${after}; run: kubectl describe wasmmodule/${name} -n ${namespace}`,
  );
}

export function notReady(reason: string, message: string): FuncError {
  return new FuncError('notReady', `reason=${reason}: ${message}`);
}
