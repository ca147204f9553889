import { Terminal } from '../errors.ts';

/** A registry's answer that says no. `code` is its own word, as MANIFEST_UNKNOWN. */
export class RegistryError extends Terminal {
  readonly status: number;
  readonly code: string | undefined;
  constructor(message: string, status: number, code: string | undefined) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Refusal {
  readonly status: number;
  readonly body: string;
  /** What was asked, as `pull registry/path:tag`. */
  readonly what: string;
  readonly registry: string;
}

export function registryError({ status, body, what, registry }: Refusal): RegistryError {
  const said = firstError(body);
  const detail = said === undefined ? '' : ` (${[said.code, said.message].filter(Boolean).join(': ')})`;
  return new RegistryError(`${what}: ${reason(status, registry)}${detail}`, status, said?.code);
}

function reason(status: number, registry: string): string {
  switch (status) {
    case 401:
    case 403:
      return `access denied by ${registry}; log in with 'docker login ${registry}' and check that the repository is spelt right`;
    case 404:
      return 'not found in the registry';
    case 405:
      return `${registry} does not allow that`;
    case 413:
      return `too large for ${registry}`;
    case 429:
      return `${registry} asks for fewer requests; try again later`;
    default:
      return `${registry} answered HTTP ${status}`;
  }
}

function firstError(body: string): { readonly code?: string; readonly message?: string } | undefined {
  try {
    const { errors } = JSON.parse(body) as { readonly errors?: unknown };
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    if (typeof first !== 'object' || first === null) return undefined;
    const { code, message } = first as Record<string, unknown>;
    return {
      ...(typeof code === 'string' ? { code } : {}),
      ...(typeof message === 'string' ? { message: message.slice(0, 200) } : {}),
    };
  } catch {
    return undefined; // a proxy's page, say: the status is all there is
  }
}
