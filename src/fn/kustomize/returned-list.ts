import { messageOf } from '../../errors.ts';
import { isRecord } from './function-spec.ts';

const QUOTED_MAX = 200;

/**
 * Why what a function printed is no list; undefined if it is one. kustomize takes text without objects for "delete everything",
 * and names a line of ours when a function has logged to stdout. Only the outermost level is looked at: all of it is read by
 * kustomize next, and a list of 10,000 objects takes seconds to read.
 */
export function listProblem(output: string): string | undefined {
  const begins = `it begins ${JSON.stringify(output.slice(0, QUOTED_MAX))} (a function prints its list to stdout, and logs to stderr)`;
  if (output.trim() === '') return 'it printed nothing';
  if (/^\s*\{/.test(output)) return jsonProblem(output, begins);
  const keys = new Map<string, string>();
  for (const line of output.split('\n')) {
    const key = /^(["']?)(\w+)\1\s*:(?:\s+(.*?))?\s*$/.exec(line);
    if (key !== null) keys.set(key[2] ?? '', key[3] ?? '');
    // At the margin stand keys, entries of a list, comments and marks; everything else is not of a list.
    else if (/^[^\s#-]/.test(line) && !/^\.\.\.\s*$/.test(line)) return begins;
  }
  const kind = (keys.get('kind') ?? '').replace(/\s+#.*$/, '').replace(/^(["'])(.*)\1$/, '$2');
  if (kind !== 'ResourceList') return `its kind is '${kind}'; ${begins}`;
  const items = keys.get('items');
  return items === undefined || /^(\[.*|#.*|null|~)?$/.test(items) ? undefined : "its 'items' is not a list";
}

function jsonProblem(output: string, begins: string): string | undefined {
  let list: unknown;
  try {
    list = JSON.parse(output);
  } catch (error) {
    return `${messageOf(error)}; ${begins}`;
  }
  if (!isRecord(list) || list['kind'] !== 'ResourceList') return begins;
  return Array.isArray(list['items'] ?? []) ? undefined : "its 'items' is not a list";
}
