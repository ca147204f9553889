import { getArguments, getEnvironment, initialCwd } from 'wasi:cli/environment@0.2.10';
import { getDirectories } from 'wasi:filesystem/preopens@0.2.10';

/** A function as an HTTP handler, for tests: what it does is said by the first "mode: NAME" of its list. */
declare const self: {
  addEventListener(
    name: 'fetch',
    on: (event: { request: Request; respondWith(r: Promise<Response>): void }) => void,
  ): void;
};

self.addEventListener('fetch', (event) => event.respondWith(answer(event.request)));

async function answer(request: Request): Promise<Response> {
  const list = await request.text();
  const mode = /mode: (\S+)/.exec(list)?.[1];
  const { pathname } = new URL(request.url);
  switch (mode) {
    case 'identity':
      return new Response(list, { headers: { 'content-type': request.headers.get('content-type') ?? '' } });
    case 'request':
      return new Response(`${request.method} ${pathname} ${request.headers.get('content-type')}`);
    case 'fail':
      console.error('on its stderr');
      return new Response('the namespace is missing', { status: 422 });
    case 'wordless':
      return new Response('', { status: 503 });
    case 'output':
      return new Response('x'.repeat(8 * 1024 * 1024));
    case 'memory':
      return fill();
    case 'loop':
      for (;;) {}
    case 'escape':
      return new Response(await escapes());
    default:
      throw new Error(`no mode ${mode}`);
  }
}

function fill(): Response {
  const kept: Uint8Array[] = [];
  for (;;) kept.push(new Uint8Array(8 * 1024 * 1024).fill(1));
}

async function escapes(): Promise<string> {
  const lines: string[] = [];
  const attempt = async (name: string, work: () => unknown): Promise<void> => {
    try {
      const got = await work();
      const empty = got === undefined || (Array.isArray(got) && got.length === 0);
      lines.push(`${name}: ${empty ? 'contained' : `ESCAPED ${String(got)}`}`);
    } catch {
      lines.push(`${name}: contained`);
    }
  };
  const at = (...path: string[]): unknown =>
    path.reduce(
      (value: unknown, name) => (value as Record<string, unknown> | undefined)?.[name],
      globalThis as unknown,
    );
  await attempt('environment', () => getEnvironment());
  await attempt('more arguments', () => getArguments().slice(1));
  await attempt('working directory', () => initialCwd());
  await attempt('directories', () => getDirectories());
  for (const url of ['http://127.0.0.1:22/', 'http://localhost/', 'https://example.com/', 'file:///etc/hostname'])
    await attempt(`fetch ${url}`, async () => (await fetch(url)).status);
  for (const name of [
    'process',
    'require',
    'module',
    'Deno',
    'Bun',
    'WebAssembly',
    'Worker',
    'importScripts',
    'gc',
    'Buffer',
  ])
    await attempt(name, () => at(name));
  await attempt('process by a constructor', () => Function('return globalThis.process')());
  await attempt('a module of the host', () => import(['node', 'fs'].join(':')));
  await attempt('a module by a path', () => import(['', 'etc', 'hostname'].join('/')));
  return `${lines.join('\n')}\n`;
}
