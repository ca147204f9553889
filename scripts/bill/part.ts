/** One thing of somebody else's that is in one of our images. */
export interface Part {
  readonly kind: 'npm' | 'cargo' | 'deb' | 'linked' | 'program';
  readonly name: string;
  /** Unknown of what the machine that compiles a shim links in. */
  readonly version: string | undefined;
  /** An SPDX expression, or, of Debian's packages, the names that their copyright file gives. */
  readonly licence: Licence;
  /** Of the archive it came in, where a lock file records it. */
  readonly sha256?: string | undefined;
}

export type Licence =
  | { readonly kind: 'expression'; readonly expression: string }
  | { readonly kind: 'named'; readonly names: readonly string[] };

export function expression(text: string): Licence {
  return { kind: 'expression', expression: text };
}

/** https://github.com/package-url/purl-spec */
export function purlOf({ kind, name, version }: Part): string {
  const at = version === undefined ? '' : `@${encodeURIComponent(version)}`;
  if (kind === 'npm') return `pkg:npm/${name.replace('@', '%40')}${at}`;
  if (kind === 'deb') return `pkg:deb/debian/${encodeURIComponent(name)}${at}`;
  if (kind === 'cargo') return `pkg:cargo/${name}${at}`;
  return `pkg:generic/${encodeURIComponent(name)}${at}`;
}

/** Sorted, and each once: two programs of one image share most of what they are made of. */
export function distinct(parts: readonly Part[]): readonly Part[] {
  const byPurl = new Map(parts.map((part) => [purlOf(part), part]));
  return [...byPurl.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
}
