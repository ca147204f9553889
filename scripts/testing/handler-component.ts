import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentOf } from '../images/component.ts';

/** The handler of guests/handler as a component, made by the project's own componentize-js (10 s), kept by content. */
export async function handlerComponent(): Promise<Uint8Array> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kwasm', 'test-guests', 'handler');
  mkdirSync(join(cache, 'tmp'), { recursive: true });
  return componentOf(join(dirname(fileURLToPath(import.meta.url)), 'guests/handler'), cache);
}
