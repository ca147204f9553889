import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMPONENT, componentOf } from '../../scripts/images/component.ts';
import { buildAndPush } from './derived-images.ts';

/** A WebAssembly component that does what TRAFFIC_SERVER does: / at once, /stream ten lines a second without an end. */
const HANDLER = `
import { getEnvironment } from 'wasi:cli/environment@0.2.10';

self.addEventListener('fetch', (event) => event.respondWith(answer(new URL(event.request.url).pathname)));

function answer(path) {
  if (path !== '/stream') return new Response(String(getEnvironment().length >= 0));
  let line = 0;
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    async pull(controller) {
      await new Promise((done) => setTimeout(done, 100));
      controller.enqueue(encoder.encode(line++ + '\\n'));
    },
  });
  return new Response(body);
}
`;

export async function streamingImage(reference: string): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'kwasm-component-'));
  try {
    const source = join(work, 'source');
    for (const directory of [source, join(work, 'tmp')]) mkdirSync(directory);
    copyFileSync(join(COMPONENT, 'world.wit'), join(source, 'world.wit'));
    writeFileSync(join(source, 'handler.ts'), HANDLER);
    const component = await componentOf(source, work);
    const dockerfile = 'FROM scratch\nCOPY it.wasm /it.wasm\nENTRYPOINT ["/it.wasm"]\n';
    return await buildAndPush(reference, dockerfile, { 'it.wasm': component });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
