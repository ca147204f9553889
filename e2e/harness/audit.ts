import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface AuditEvent {
  readonly verb: string;
  readonly requestReceivedTimestamp: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}

/** What the API server's audit log has since then, of one user. */
export async function audited(file: string, user: string, since: string): Promise<readonly AuditEvent[]> {
  const found: AuditEvent[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (!line.includes(user)) continue;
    const event = JSON.parse(line) as AuditEvent;
    if (event.user.username === user && event.requestReceivedTimestamp >= since) found.push(event);
  }
  return found;
}
