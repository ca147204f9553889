import { join } from 'node:path';
import { textComponent } from '../../scripts/images/component.ts';
import { buildAndPush } from './derived-images.ts';

/**
 * An image whose guest takes a mebibyte for each request, looks through it for a secret, and fills it with that: e2e/fixtures/small. With a second round it
 * finds what it left itself.
 */
export async function lookingGuest(registry: string, rounds: 1 | 2): Promise<string> {
  const component = await textComponent(join(import.meta.dirname, '../fixtures/small'), { pages: 16, rounds });
  return await buildAndPush(
    `${registry}/kwasm-story-looks-${rounds}:1`,
    'FROM scratch\nCOPY it.wasm /it.wasm\nENTRYPOINT ["/it.wasm"]\n',
    { 'it.wasm': component },
  );
}
