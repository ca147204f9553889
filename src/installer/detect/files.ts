import { existsSync, readFileSync } from 'node:fs';
import type { Host } from '../host.ts';
import type { AbsentFile, ConfigFile } from '../plan/facts.ts';
import { Refusal } from '../refusal.ts';

export function readConfigFile(host: Host, path: string): ConfigFile | AbsentFile {
  const at = host.at(path);
  if (!existsSync(at)) return { kind: 'absent', path };
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(at));
    return { kind: 'file', path, text };
  } catch (cause) {
    if (cause instanceof TypeError) throw new Refusal('ConfigUnreadable', `${path} is not UTF-8 text`);
    throw cause;
  }
}
