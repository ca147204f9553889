/** An entry of `run.envs`, in func's forms: a plain value, one of the caller's own variables, a key of a Secret or ConfigMap, or all keys of one. */
export type EnvSource =
  | { readonly kind: 'value'; readonly name: string; readonly value: string }
  /** Of the environment of whoever runs the command. */
  | { readonly kind: 'local'; readonly name: string; readonly variable: string }
  | { readonly kind: 'key'; readonly name: string; readonly of: Keyed; readonly object: string; readonly key: string }
  | { readonly kind: 'all'; readonly of: Keyed; readonly object: string };

export type Keyed = 'secret' | 'configMap';

export const ENV_FORMS =
  'a name with a value, {{ env:NAME }}, {{ secret:NAME:KEY }} or {{ configMap:NAME:KEY }}; or {{ secret:NAME }} or {{ configMap:NAME }} without a name';

const REFERENCE = /^\{\{\s*(env|secret|configMap)\s*:\s*([^:\s{}]+)\s*(?::\s*([^:\s{}]+)\s*)?\}\}$/;

/** undefined: it is none of these forms. */
export function envSource(env: {
  readonly name?: string | undefined;
  readonly value?: string | undefined;
}): EnvSource | undefined {
  const { name, value = '' } = env;
  if (!value.trim().startsWith('{{')) return name === undefined ? undefined : { kind: 'value', name, value };
  const [, of, object, key] = REFERENCE.exec(value.trim()) ?? [];
  if (of === undefined || object === undefined) return undefined;
  if (of === 'env')
    return name === undefined || key !== undefined ? undefined : { kind: 'local', name, variable: object };
  const keyed = of === 'secret' ? 'secret' : 'configMap';
  if (name === undefined) return key === undefined ? { kind: 'all', of: keyed, object } : undefined;
  return key === undefined ? undefined : { kind: 'key', name, of: keyed, object, key };
}
