import satisfies from 'spdx-satisfies';
import type { Part } from './part.ts';

/** What may be linked into our programs. All of it leaves the whole under Apache-2.0; the terms that ask for more than a notice say so. */
const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 WITH LLVM-exception',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'CDLA-Permissive-2.0', // data: the certificates of webpki-roots
  'ISC',
  'MIT',
  'MPL-2.0', // by file: unchanged crates, whose source the registry keeps
  'Python-2.0',
  'Unicode-3.0',
  'Unlicense',
  'WTFPL',
  'Zlib',
];

/** Parts that may come although their licence is not in the list, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'linked libseccomp': 'LGPL-2.1: the shim is open source, so whoever has it can link it with another libseccomp',
};

/** Why this part must not be in an image of ours; undefined: it may. Debian's packages stand beside ours and are not linked. */
export function objection(part: Part): string | undefined {
  if (part.kind === 'deb' || part.kind === 'program') return undefined;
  if (EXCEPTIONS[`${part.kind} ${part.name}`] !== undefined) return undefined;
  const { licence } = part;
  if (licence.kind === 'named') return `${part.kind} ${part.name} has no SPDX expression: ${licence.names.join(', ')}`;
  try {
    if (satisfies(licence.expression, ALLOWED)) return undefined;
  } catch {
    return `${part.kind} ${part.name}: '${licence.expression}' is not an SPDX expression`;
  }
  return `${part.kind} ${part.name} is under ${licence.expression}, which is not in the list of scripts/bill/licence.ts`;
}

/** Crates of before 2018 write `MIT/Apache-2.0`. */
export function normalized(text: string): string {
  return text.replace(/\s*\/\s*/g, ' OR ').trim();
}
