import type { IncomingMessage, ServerResponse } from 'node:http';

/** What answers behind the listening socket. */
export interface Backend {
  /** For people: what runs, and what it can reach. */
  readonly mode: string;
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** After the sources have changed. What fails is said, and the state before goes on where it can. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

export interface BackendSettings {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly requestMs: number;
  /** A line for people. */
  readonly say: (line: string) => void;
}

/** Whoever has begun to answer cannot take it back: then the connection ends early. */
export function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
