import { incompatible } from './func-error.ts';
import { isWasi } from './runtimes.ts';

/** Which builder and deployer go with which runtime: WASI with `wasm` alone, everything else with all others. */
export const BUILDERS = ['host', 'pack', 's2i', 'wasm'] as const;
export type Builder = (typeof BUILDERS)[number];
export const DEPLOYERS = ['keda', 'knative', 'raw', 'wasm'] as const;
export type Deployer = (typeof DEPLOYERS)[number];

/** Where a value came from: what nobody chose is never written to func.yaml, or it would bind whoever changes the runtime later. */
export interface Chosen<T> {
  readonly value: T;
  readonly by: 'flag' | 'file' | 'inferred';
}

export interface Choice<T> {
  readonly flag?: T | undefined;
  readonly file?: T | undefined;
}

export function builderFor(runtime: string, choice: Choice<Builder> = {}): Chosen<Builder> {
  return chosen('builder', runtime, validBuilders(runtime), choice);
}

export function deployerFor(runtime: string, choice: Choice<Deployer> = {}): Chosen<Deployer> {
  return chosen('deployer', runtime, validDeployers(runtime), choice);
}

export function validBuilders(runtime: string): readonly Builder[] {
  return isWasi(runtime) ? ['wasm'] : ['pack', 's2i', 'host'];
}

export function validDeployers(runtime: string): readonly Deployer[] {
  return isWasi(runtime) ? ['wasm'] : ['knative', 'raw', 'keda'];
}

function chosen<T extends string>(
  part: 'builder' | 'deployer',
  runtime: string,
  valid: readonly T[],
  { flag, file }: Choice<T>,
): Chosen<T> {
  const explicit = flag ?? file;
  const [only] = valid;
  if (explicit === undefined && only !== undefined) return { value: only, by: 'inferred' };
  if (explicit === undefined || !valid.includes(explicit)) throw incompatible(part, explicit ?? '', runtime, valid);
  return { value: explicit, by: flag === undefined ? 'file' : 'flag' };
}
