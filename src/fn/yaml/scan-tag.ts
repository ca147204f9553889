import { CHAR, isBlank, isBlankOrEnd, isWord } from './chars.ts';
import type { Cursor } from './cursor.ts';

export interface TagText {
  /** '!', '!!', '!name!', or nothing where the suffix is the whole tag. */
  readonly handle: string;
  readonly suffix: string;
}

export function scanTag(cursor: Cursor): TagText {
  const tag = cursor.code(1) === CHAR.less ? scanVerbatim(cursor) : scanShorthand(cursor);
  if (!isBlankOrEnd(cursor.code())) cursor.fail('did not find expected whitespace or line break');
  return tag;
}

function scanVerbatim(cursor: Cursor): TagText {
  cursor.skip(2);
  const suffix = scanUri(cursor, '');
  if (cursor.code() !== CHAR.greater) cursor.fail("did not find the expected '>'");
  cursor.skip();
  return { handle: '', suffix };
}

function scanShorthand(cursor: Cursor): TagText {
  const handle = scanHandle(cursor);
  if (handle.length > 1 && handle.endsWith('!')) return { handle, suffix: scanUri(cursor, '') };
  const suffix = scanUri(cursor, handle);
  return suffix === '' ? { handle: '', suffix: handle } : { handle: '!', suffix };
}

function scanHandle(cursor: Cursor): string {
  if (cursor.code() !== CHAR.bang) cursor.fail("did not find expected '!'");
  const start = cursor.pos;
  cursor.skip();
  while (isWord(cursor.code())) cursor.skip();
  if (cursor.code() === CHAR.bang) cursor.skip();
  return cursor.text.slice(start, cursor.pos);
}

const URI = /[-A-Za-z0-9_;/?:@&=+$,.!~*'()[\]%]*/y;

/** `head` is a handle that was none: its text without the '!' is the start of the suffix. */
function scanUri(cursor: Cursor, head: string): string {
  URI.lastIndex = cursor.pos;
  const run = URI.exec(cursor.text)?.[0] ?? '';
  if (head === '' && run === '') cursor.fail('did not find expected tag URI');
  if (run !== '') cursor.skip(run.length);
  if (!run.includes('%')) return head.slice(1) + run;
  try {
    return head.slice(1) + decodeURIComponent(run);
  } catch {
    return cursor.fail('did not find URI escaped octet');
  }
}

export type Directive =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'tag'; readonly handle: string; readonly prefix: string };

const DIRECTIVE_NAME = /[-A-Za-z0-9_]*/y;

export function scanDirective(cursor: Cursor): Directive {
  cursor.skip();
  DIRECTIVE_NAME.lastIndex = cursor.pos;
  const name = DIRECTIVE_NAME.exec(cursor.text)?.[0] ?? '';
  cursor.skip(name.length);
  skipBlanks(cursor);
  const directive = name === 'YAML' ? scanVersion(cursor) : name === 'TAG' ? scanTagDirective(cursor) : undefined;
  if (directive === undefined) cursor.fail('found unknown directive name');
  skipBlanks(cursor);
  if (cursor.code() === CHAR.hash) while (!cursor.atBreak() && !cursor.atEnd) cursor.skip();
  if (!cursor.atBreak() && !cursor.atEnd) cursor.fail('did not find expected comment or line break');
  if (cursor.atBreak()) cursor.skipBreak();
  return directive;
}

function skipBlanks(cursor: Cursor): void {
  while (isBlank(cursor.code())) cursor.skipBlank();
}

const VERSION = /[0-9]+\.[0-9]+/y;

function scanVersion(cursor: Cursor): Directive {
  VERSION.lastIndex = cursor.pos;
  const version = VERSION.exec(cursor.text)?.[0];
  if (version === undefined) return cursor.fail('did not find expected version number');
  cursor.skip(version.length);
  return { kind: 'version', version };
}

function scanTagDirective(cursor: Cursor): Directive {
  const handle = scanHandle(cursor);
  if (!isBlank(cursor.code())) cursor.fail('did not find expected whitespace');
  skipBlanks(cursor);
  const prefix = scanUri(cursor, '');
  if (!isBlankOrEnd(cursor.code())) cursor.fail('did not find expected whitespace or line break');
  return { kind: 'tag', handle, prefix };
}
