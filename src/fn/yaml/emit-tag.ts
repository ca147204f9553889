import type { YamlNode } from './node.ts';
import type { Output } from './output.ts';

const LONG = 'tag:yaml.org,2002:';

export function emitAnchor(out: Output, node: YamlNode): void {
  if (node.anchor === '') return;
  out.indicator('&', true, false, false);
  out.word(node.anchor);
}

export function emitTag(out: Output, tag: string): void {
  if (tag === '') return;
  const long = tag.startsWith('!!') ? LONG + tag.slice(2) : tag;
  const handle = long.startsWith('!') ? '!' : long.startsWith(LONG) ? '!!' : '';
  const suffix = handle === '!' ? long.slice(1) : handle === '!!' ? long.slice(LONG.length) : long;
  if (handle === '') {
    out.indicator('!<', true, false, false);
    out.word(escapeTag(suffix));
    out.indicator('>', false, false, false);
    return;
  }
  if (!out.whitespace) out.put(' ');
  out.word(handle + escapeTag(suffix));
}

function escapeTag(text: string): string {
  return text.replace(/[^-A-Za-z0-9_;/?:@&=+$,.~*'()[\]]/gu, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
