/** `deploy.network`: what a function may reach, in the form of WasmModule's `spec.network`. Left out: nothing. */
export interface FunctionNetwork {
  readonly inherit: boolean;
  /** Names may be looked up; true where `network` is named at all. */
  readonly allowIpNameLookup: boolean;
  readonly tcp: { readonly bind: readonly string[]; readonly connect: readonly string[] };
  readonly udp: {
    readonly bind: readonly string[];
    readonly connect: readonly string[];
    readonly outgoing: readonly string[];
  };
}

const PATTERN = /^(\*|\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):(\*|\d{1,5})$/;

/** `host:port`, where either part may be `*`. */
export function isPattern(text: string): boolean {
  const port = PATTERN.exec(text)?.[2];
  return port === '*' || (port !== undefined && Number(port) <= 65_535);
}
