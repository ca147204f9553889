import { getEnvironment } from 'wasi:cli/environment@0.2.10';

/** An ordinary fetch handler. componentize-js turns it into a component that exports wasi:http/incoming-handler. */
declare const self: ServiceWorkerGlobalScope;

self.addEventListener('fetch', (event) => event.respondWith(answer(event.request)));

function answer(request: Request): Response {
  const environment = new Map(getEnvironment());
  const body = {
    hello: 'from a WebAssembly component',
    interface: 'wasi:http/incoming-handler',
    method: request.method,
    path: new URL(request.url).pathname,
    node: environment.get('NODE_NAME') ?? 'unknown',
    pod: environment.get('POD_NAME') ?? 'unknown',
  };
  return new Response(`${JSON.stringify(body)}\n`, { headers: { 'content-type': 'application/json' } });
}
