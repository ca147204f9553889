import { answer } from './greeting.ts';

/** As componentize-js wants it. */
interface Scope {
  addEventListener(
    type: 'fetch',
    listener: (event: { readonly request: Request; respondWith(answer: Response): void }) => void,
  ): void;
}

(globalThis as unknown as Scope).addEventListener('fetch', (event) => event.respondWith(answer(event.request)));
