import type { Change } from './change.ts';
import { declaredHandlers, RUNTIMES, wrongOption } from './handlers.ts';
import { isIdleOption, withoutOurs } from './same.ts';
import { valueAt } from './toml.ts';

const SHOWN_MAX = 3;
const OPTION = /\.containerd\.runtimes\..+\.options\.[^.]+$/;

/**
 * What the daemon would load after the change, against what it loads today: exactly our handlers may differ. Undefined is
 * the proof; else what is wrong, for a person. The list of files read (`imports`) is not a setting.
 */
export function unexpectedDifference(today: unknown, planned: unknown, change: Change): string | undefined {
  for (const handler of change.handlers) {
    const { name, type } = handler;
    const found = declaredHandlers(planned).find((declared) => declared.name === name && declared.type === type);
    if (found === undefined) return `containerd would not load handler "${name}"`;
    const wrong = wrongOption(handler, (key) => valueAt(planned, [...RUNTIMES[found.schema], name, 'options', key]));
    if (wrong !== undefined) return `containerd would load handler "${name}" with ${wrong.key} = ${wrong.value}`;
  }
  const names = [...change.handlers.map(({ name }) => name), ...change.gone];
  const left = declaredHandlers(planned).find(({ name }) => change.gone.includes(name));
  if (left !== undefined) return `containerd would still load handler "${left.name}"`;
  const before = settings(withoutOurs(today, names));
  const after = settings(withoutOurs(planned, names));
  const differing = [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => before.get(key) !== after.get(key),
  );
  if (differing.length === 0) return undefined;
  const shown = differing
    .slice(0, SHOWN_MAX)
    .map((key) => `${key}: ${before.get(key) ?? 'not set'} -> ${after.get(key) ?? 'not set'}`);
  const more = differing.length > SHOWN_MAX ? ` and ${differing.length - SHOWN_MAX} more` : '';
  return `other settings would change: ${shown.join('; ')}${more}`;
}

function settings(value: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (at: unknown, path: string): void => {
    if (path === 'imports' || (OPTION.test(path) && isIdleOption(at))) return;
    if (typeof at !== 'object' || at === null || at instanceof Date) found.set(path, String(at));
    else for (const [key, item] of Object.entries(at)) walk(item, path === '' ? key : `${path}.${key}`);
  };
  walk(value, '');
  return found;
}
