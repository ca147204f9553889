/**
 * What a guest may reach: `spec.network` of a WasmModule and `deploy.network` of func.yaml, which have one form. Patterns are `host:port`, either of
 * which may be `*`. Where it is left out, nothing may be reached.
 */
export interface GuestNetwork {
  readonly inherit: boolean;
  /** Names may be looked up; true where the network is named at all. */
  readonly allowIpNameLookup: boolean;
  readonly tcp: { readonly bind: readonly string[]; readonly connect: readonly string[] };
  readonly udp: {
    readonly bind: readonly string[];
    readonly connect: readonly string[];
    readonly outgoing: readonly string[];
  };
}

/** Where a pattern leads. */
export type Target =
  | { readonly kind: 'any'; readonly port: number | undefined }
  | { readonly kind: 'address'; readonly address: string; readonly port: number | undefined }
  | { readonly kind: 'name'; readonly name: string; readonly port: number | undefined };

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const IPV6 = /^\[([0-9a-fA-F:.]{2,45})\]$/;
const NAME = /^[A-Za-z0-9._-]{1,253}$/;

/** undefined: it is no pattern. */
export function parsePattern(text: string): Target | undefined {
  const at = text.lastIndexOf(':');
  if (at <= 0) return undefined;
  const [host, portText] = [text.slice(0, at), text.slice(at + 1)];
  if (!/^(?:\*|\d{1,5})$/.test(portText)) return undefined;
  const port = portText === '*' ? undefined : Number(portText);
  if (port !== undefined && port > 65_535) return undefined;
  if (host === '*') return { kind: 'any', port };
  if (IPV4.test(host)) return { kind: 'address', address: host, port };
  const six = IPV6.exec(host)?.[1];
  if (six !== undefined) return { kind: 'address', address: six, port };
  return NAME.test(host) ? { kind: 'name', name: host.toLowerCase(), port } : undefined;
}
