import { notImplemented, notWasi } from './func-error.ts';

/** What a function can be written in. func's other runtimes (`go`, `node`, ...) become containers, and are func's. */
export const BUILT_RUNTIMES = ['ts-wasi', 'js-wasi', 'go-wasi', 'rust-wasi'] as const;
export type BuiltRuntime = (typeof BUILT_RUNTIMES)[number];

/** Known by name to func, without a builder there or here. */
export const NAMED_RUNTIMES = ['python-wasi', 'c-wasi', 'cpp-wasi', 'dotnet-wasi', 'swift-wasi'] as const;

export const TEMPLATES = ['http'] as const;
export type Template = (typeof TEMPLATES)[number];

export function isWasi(runtime: string): boolean {
  return [...BUILT_RUNTIMES, ...NAMED_RUNTIMES].some((known) => known === runtime);
}

/** Throws with func's own words where there is no builder. */
export function builtRuntime(runtime: string): BuiltRuntime {
  const found = BUILT_RUNTIMES.find((known) => known === runtime);
  if (found !== undefined) return found;
  throw isWasi(runtime) ? notImplemented(runtime) : notWasi(runtime, BUILT_RUNTIMES);
}
