/** The process of the handler on Node, as a text for `node --eval`: the command is one file, and it runs in the project's directory. */
export const NODE_PROGRAM = `
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';

const { entry, socket, env, args } = JSON.parse(process.argv[1]);
const { default: handle } = await import(pathToFileURL(entry).href);
if (typeof handle !== 'function') throw new TypeError(entry + ' has no function as its default export');

createServer((incoming, outgoing) => void answer(incoming, outgoing)).listen(socket, () => process.send('ready'));
process.once('disconnect', () => process.exit());

async function answer(incoming, outgoing) {
  try {
    const response = await handle(requestOf(incoming), { env, args });
    if (!(response instanceof Response)) throw new TypeError('the handler gave no Response');
    const { status, headers, body } = response;
    outgoing.writeHead(status, [...headers].flat());
    if (body === null) outgoing.end();
    else await pipeline(Readable.fromWeb(body), outgoing);
  } catch (error) {
    console.error(error);
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(500).end('Internal Server Error\\n');
  }
}

function requestOf(incoming) {
  const { method, url, headers } = incoming;
  const pairs = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const bodiless = method === 'GET' || method === 'HEAD';
  const body = bodiless ? {} : { body: Readable.toWeb(incoming), duplex: 'half' };
  return new Request(new URL(url, 'http://' + (headers.host ?? 'localhost')), { method, headers: pairs, ...body });
}
`;
