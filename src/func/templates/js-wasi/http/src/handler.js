/**
 * Answers one request. Each request gets an instance of its own, so that nothing that is kept in variables outlives it.
 * @param {Request} request
 * @returns {Response}
 */
export default function handle(request) {
  const { pathname } = new URL(request.url);
  return new Response(`Hello from WASI! Path: ${pathname}\n`, {
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  });
}
