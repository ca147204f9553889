import handle from './handler.ts';

/** What the tests of `kwasm func run` ask: the template's own handler, and behind other paths what a function might do. */
let asked = 0;

export default async function probe(
  request: Request,
  context: { readonly env: Record<string, string>; readonly args: string[] },
) {
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case '/counter':
      return new Response(String(asked++));
    case '/throw':
      throw new Error('the secret of the house');
    case '/nothing':
      return undefined as unknown as Response;
    case '/loop':
      for (;;) asked += 1;
    case '/memory': {
      const held: Uint8Array[] = [];
      for (;;) held.push(new Uint8Array(1024 * 1024).fill(1));
    }
    case '/echo':
      return new Response(await request.text(), {
        status: 201,
        headers: { 'x-method': request.method, 'x-type': request.headers.get('content-type') ?? '' },
      });
    case '/context':
      return Response.json(context);
    case '/fetch':
      return fetched(searchParams.get('url') ?? '', request.method === 'POST' ? await request.text() : undefined);
    default:
      return handle(request);
  }
}

async function fetched(url: string, body: string | undefined): Promise<Response> {
  try {
    const response = await fetch(url, body === undefined ? {} : { method: 'POST', body });
    return new Response(`${response.status} ${await response.text()}`);
  } catch (error) {
    return new Response(`refused: ${error}`);
  }
}
