import { readFileSync, statSync } from 'node:fs';
import type { Host } from '../host.ts';
import type { AbsentFile, ConfigFile } from '../plan/facts.ts';
import { Refusal } from '../refusal.ts';

/** Of one file of a configuration. */
export const FILE_BYTES_MAX = 4 * 1024 * 1024;

export function readConfigFile(host: Host, path: string): ConfigFile | AbsentFile {
  const at = host.at(path);
  const found = statSync(at, { throwIfNoEntry: false });
  if (found === undefined) return { kind: 'absent', path };
  if (!found.isFile()) throw new Refusal('ConfigUnreadable', `${path} is no regular file`);
  if (found.size > FILE_BYTES_MAX)
    throw new Refusal('ConfigUnreadable', `${path} is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(at));
    return { kind: 'file', path, text };
  } catch (cause) {
    if (cause instanceof TypeError) throw new Refusal('ConfigUnreadable', `${path} is not UTF-8 text`);
    throw cause;
  }
}
