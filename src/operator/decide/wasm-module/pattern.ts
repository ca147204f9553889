/** `host:port` of a module's network: where it leads, for a NetworkPolicy and for the shim. */
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
