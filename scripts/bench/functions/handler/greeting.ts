/** The function: one handler for a component and for Node. */
export function answer(request: Request): Response {
  const { pathname } = new URL(request.url);
  return new Response(`Hello from WASI! Path: ${pathname}\n`, { headers: { 'content-type': 'text/plain' } });
}
