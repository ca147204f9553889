import { parseDocument } from 'yaml';
import { Terminal } from '../../errors.ts';

/**
 * What a function's annotation says: kustomize's own forms, and KEP-4944's `wasip1`. kustomize reads its forms strictly but
 * without regard to case, as Go's JSON does; so they are recognised here in any case, and the new one in its own.
 */
export type FunctionSpec =
  | { readonly kind: 'wasip1'; readonly source: ModuleSource; readonly deferFailure: boolean }
  | { readonly kind: 'exec'; readonly path: string; readonly whole: Readonly<Record<string, unknown>> }
  | { readonly kind: 'container'; readonly image: string; readonly extras: readonly string[] }
  | { readonly kind: 'none' };

export type ModuleSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'image'; readonly reference: string };

/** The annotations that kustomize looks at, in its order. */
export const SPEC_ANNOTATIONS = ['config.kubernetes.io/function', 'config.k8s.io/function'] as const;
/** Its oldest form: an image and nothing else. */
export const CONTAINER_ANNOTATION = 'config.kubernetes.io/container';

export function parseFunctionSpec(text: string, where: string): FunctionSpec {
  const document = parseDocument(text, { version: '1.1' });
  const problem = document.errors[0];
  if (problem !== undefined) throw new Terminal(`${where}: ${problem.message}`);
  const value: unknown = document.toJS();
  if (!isRecord(value)) throw new Terminal(`${where}: a mapping is needed, as 'wasip1: {file: fn.wasm}'`);
  if ('wasip1' in value) return wasip1(value, where);
  const { exec, container } = lowerCased(value);
  if (isRecord(exec)) {
    const { path } = lowerCased(exec);
    if (typeof path === 'string' && path !== '') return { kind: 'exec', path, whole: lowerCased(value) };
  }
  if (isRecord(container)) {
    const { image, ...rest } = lowerCased(container);
    if (typeof image === 'string' && image !== '') return { kind: 'container', image, extras: Object.keys(rest) };
  }
  return { kind: 'none' };
}

function wasip1(value: Readonly<Record<string, unknown>>, where: string): FunctionSpec {
  const { wasip1: spec, deferFailure = false, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new Terminal(`${where}: 'wasip1' beside '${other}'; a function has exactly one runtime`);
  if (typeof deferFailure !== 'boolean') throw new Terminal(`${where}: 'deferFailure' is true or false`);
  if (!isRecord(spec)) throw new Terminal(`${where}: 'wasip1' needs 'file' or 'image'`);
  const { file, image, ...rest } = spec;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) {
    const isolated = ['mounts', 'network', 'envs', 'env', 'args'].includes(extra);
    const why = isolated ? '; a Wasm function is given its resources and nothing else' : '';
    throw new Terminal(`${where}: unknown field 'wasip1.${extra}'${why}`);
  }
  if (isText(file) === isText(image)) throw new Terminal(`${where}: 'wasip1' needs one of 'file' and 'image'`);
  const source: ModuleSource = isText(file)
    ? { kind: 'file', path: file }
    : { kind: 'image', reference: String(image) };
  return { kind: 'wasip1', source, deferFailure };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function lowerCased(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key.toLowerCase(), part]));
}
