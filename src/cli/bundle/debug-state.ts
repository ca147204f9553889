import { Agent, WebSocket } from 'undici';
import { CliError } from '../exit.ts';
import type { Client } from '../kube/client.ts';

/**
 * The operator's /debug/state, which listens on a loopback port of its pod: by way of the API server's port-forward, in its
 * older form over a WebSocket, where each message begins with a channel: 0 for data, 1 for errors, and the first message of
 * each is the port.
 */
const PORT = 8082;
const DEADLINE_MS = 20_000;
const BYTES_MAX = 32 * 1024 * 1024;

export async function debugState(client: Client, namespace: string, pod: string): Promise<unknown> {
  const { credentials, server } = client;
  const url = new URL(
    `${server.pathname.replace(/\/$/, '')}/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${PORT}`,
    server,
  );
  url.protocol = server.protocol === 'http:' ? 'ws:' : 'wss:';
  const dispatcher = new Agent({ connect: { ...(await credentials.tls()), allowH2: false } as object });
  const socket = new WebSocket(url, {
    protocols: ['v4.channel.k8s.io'],
    dispatcher,
    headers: { ...(await credentials.headers()) },
  });
  socket.binaryType = 'arraybuffer';
  try {
    return parseAnswer(await exchange(socket, 'GET /debug/state?limit=5000 HTTP/1.0\r\nHost: localhost\r\n\r\n'));
  } finally {
    socket.close();
    await dispatcher.destroy();
  }
}

function exchange(socket: WebSocket, request: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  const opened = new Set<number>();
  const timer = setTimeout(() => reject(new CliError(`no answer within ${DEADLINE_MS / 1000} s`)), DEADLINE_MS);
  let bytes = 0;
  socket.addEventListener('message', ({ data }) => {
    const message = Buffer.from(data as ArrayBuffer);
    const channel = message[0] ?? 0;
    const rest = message.subarray(1);
    if (!opened.has(channel)) {
      opened.add(channel); // its port, and nothing else
      if (channel === 0) socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(request)]));
      return;
    }
    bytes += rest.length;
    if (channel === 1 || bytes > BYTES_MAX)
      reject(new CliError(channel === 1 ? rest.toString('utf8') : 'too large an answer'));
    else parts.push(rest);
  });
  socket.addEventListener('error', (event) =>
    reject(new CliError(`port-forward failed: ${event.message || 'refused'}`)),
  );
  socket.addEventListener('close', () => resolve(Buffer.concat(parts)));
  return promise.finally(() => clearTimeout(timer));
}

export function parseAnswer(answer: Buffer): unknown {
  const text = answer.toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  if (!/^HTTP\/1\.[01] 200/.test(text) || end === -1)
    throw new CliError(`/debug/state answers ${text.split('\r\n')[0] || 'nothing'}`);
  return JSON.parse(text.slice(end + 4));
}
