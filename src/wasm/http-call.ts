/** A request to a component, its answer, and what it asks of others meanwhile, as they pass between the processes. Values of headers are Latin-1, as on the wire. */
export type Header = readonly [name: string, value: string];

export interface HttpHead {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly authority: string;
  readonly headers: readonly Header[];
}

export interface HttpCall extends HttpHead {
  readonly body: Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Buffer;
}

/** A request of a guest's own, on its way out. */
export interface OutgoingCall extends HttpCall {
  readonly scheme: 'http' | 'https';
}

/** The error codes of wasi:http that a guest is told; there is one for each way in which asking fails here. */
export type OutgoingResult =
  | { readonly kind: 'answered'; readonly answer: HttpAnswer }
  | { readonly kind: 'failed'; readonly code: OutgoingError };

export const OUTGOING_ERRORS = [
  'HTTP-request-denied',
  'HTTP-request-URI-invalid',
  'DNS-error',
  'connection-refused',
  'connection-terminated',
  'connection-timeout',
  'TLS-certificate-error',
  'HTTP-response-body-size',
  'internal-error',
] as const;
export type OutgoingError = (typeof OUTGOING_ERRORS)[number];

/** Who may be asked, and asks. A guest without one has no network. */
export type Outgoing = (call: OutgoingCall) => Promise<OutgoingResult>;
