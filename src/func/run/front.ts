import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../errors.ts';
import { FuncError } from '../func-error.ts';
import { type Backend, refuse } from './backend.ts';

export interface Address {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface Front {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 1024;

/** The socket that people ask; it stays while what is behind it is started anew. A line for each request. */
export async function openFront(address: Address, backend: Backend, say: (line: string) => void): Promise<Front> {
  const server = createServer((request, response) => void answered(backend, request, response, say));
  server.maxConnections = CONNECTIONS_MAX;
  const { port } = await listening(server, address);
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return {
    url: `http://${host}:${port}`,
    port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answered(
  backend: Backend,
  request: IncomingMessage,
  response: ServerResponse,
  say: (line: string) => void,
) {
  const beganMs = performance.now();
  response.once('close', () => {
    const status = response.headersSent ? response.statusCode : 'no answer';
    say(`${request.method} ${request.url} ${status} ${Math.round(performance.now() - beganMs)} ms`);
  });
  try {
    await backend.answer(request, response);
  } catch (error) {
    say(messageOf(error));
    refuse(response, 500, 'Internal Server Error');
  }
}

const TAKEN = 'EADDRINUSE';

/** Whether somebody else listens at the address that was to be opened. */
export function isTaken(error: unknown): boolean {
  return error instanceof FuncError && codeOf(error.cause) === TAKEN;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function listening(server: Server, { host, port }: Address): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const text =
        codeOf(cause) === TAKEN
          ? `${host}:${port} is taken; --address names another, and port 0 any that is free`
          : messageOf(cause);
      reject(new FuncError('input', text, { cause }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no address'));
      else resolve(address);
    });
  });
}
