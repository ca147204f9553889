import { CHAR, isBlankOrEnd, isBreak, isPrintable } from './chars.ts';
import type { Output } from './output.ts';

export function emitPlain(out: Output, value: string): void {
  if (value !== '' && !out.whitespace) out.put(' ');
  out.put(value);
  if (value !== '') out.whitespace = false;
  out.indention = false;
}

export function emitSingleQuoted(out: Output, value: string): void {
  out.indicator("'", true, false, false);
  if (BREAKS.test(value)) emitQuotedLines(out, value);
  else if (value !== '') {
    out.put(value.replaceAll("'", "''"));
    out.indention = false;
  }
  out.indicator("'", false, false, false);
}

/** On one line, or undefined. */
export function singleQuoted(value: string): string | undefined {
  return BREAKS.test(value) ? undefined : `'${value.replaceAll("'", "''")}'`;
}

const BREAKS = /[\n\r\x85\u2028\u2029]/;

function emitQuotedLines(out: Output, value: string): void {
  let breaks = false;
  for (const char of value) {
    const c = char.charCodeAt(0);
    if (char === ' ') out.put(char);
    else if (isBreak(c)) {
      if (!breaks && c === CHAR.lf) out.break();
      if (c === CHAR.lf) out.break();
      else out.rawBreak(char);
      breaks = true;
    } else {
      if (breaks) out.writeIndent();
      out.put(char === "'" ? "''" : char);
      out.indention = false;
      breaks = false;
    }
  }
}

const NEEDS_ESCAPE = /[^\x20\x21\x23-\x5b\x5d-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;

export function emitDoubleQuoted(out: Output, value: string): void {
  out.indicator('"', true, false, false);
  // go-yaml looks for a byte order mark at the value's start whichever character it is at.
  const all = value.charCodeAt(0) === CHAR.bom;
  if (!all && !NEEDS_ESCAPE.test(value)) out.put(value);
  else for (const char of value) out.put(all || mustEscape(char) ? escaped(char) : char);
  out.indicator('"', false, false, false);
}

/** Where nothing in it has to be escaped, or undefined. */
export function doubleQuoted(value: string): string | undefined {
  return NEEDS_ESCAPE.test(value) ? undefined : `"${value}"`;
}

function mustEscape(char: string): boolean {
  const c = char.charCodeAt(0);
  return !isPrintable(c) || isBreak(c) || c === CHAR.doubleQuote || c === CHAR.backslash;
}

const SHORT = new Map<number, string>([
  [0x00, '0'],
  [0x07, 'a'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x1b, 'e'],
  [0x22, '"'],
  [0x5c, '\\'],
  [0x85, 'N'],
  [0xa0, '_'],
  [0x2028, 'L'],
  [0x2029, 'P'],
]);

function escaped(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  const short = SHORT.get(point);
  if (short !== undefined) return `\\${short}`;
  const hex = point.toString(16).toUpperCase();
  if (point <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return point <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** What stands between '|' or '>' and the line's end: an indentation only where the value starts with a blank or a break. */
export function blockHints(value: string, indentStep: number): string {
  const first = value.charCodeAt(0);
  const indent = first === CHAR.space || isBreak(first) ? String(indentStep) : '';
  if (value === '' || !isBreak(value.charCodeAt(value.length - 1))) return `${indent}-`;
  if (value.length === 1 || isBreak(value.charCodeAt(value.length - 2))) return `${indent}+`;
  return indent;
}

/** The lines of '|', behind its header's line break. */
export function emitLiteral(out: Output, value: string): void {
  out.whitespace = true;
  for (let start = 0; start < value.length; ) {
    let end = start;
    while (end < value.length && !isBreak(value.charCodeAt(end))) end++;
    if (end > start) {
      out.writeIndent();
      out.put(value.slice(start, end));
      out.indention = false;
    }
    if (end < value.length) breakAs(out, value.charAt(end));
    start = end + 1;
  }
}

function breakAs(out: Output, char: string): void {
  if (char === '\n') out.break();
  else out.rawBreak(char);
}

/** The lines of '>'. Without a line width nothing is folded; a break within the text is written twice. */
export function emitFolded(out: Output, value: string): void {
  out.whitespace = true;
  // Which break needs doubling, go-yaml asks at the start of the value and not at the break.
  let lead = 0;
  while (lead < value.length && isBreak(value.charCodeAt(lead))) lead++;
  const doubles = lead < value.length && !isBlankOrEnd(value.charCodeAt(lead));
  let breaks = true;
  let leadingSpaces = true;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (isBreak(c)) {
      if (!breaks && !leadingSpaces && c === CHAR.lf && doubles) out.break();
      breakAs(out, value.charAt(i));
      breaks = true;
    } else {
      if (breaks) {
        out.writeIndent();
        leadingSpaces = c === CHAR.space || c === CHAR.tab;
      }
      let end = i + 1;
      while (end < value.length && !isBreak(value.charCodeAt(end))) end++;
      out.put(value.slice(i, end));
      i = end - 1;
      out.indention = false;
      breaks = false;
    }
  }
}

/** Lines of a comment, each with its '#'. Ends its line. */
export function emitComment(out: Output, comment: string): void {
  let breaks = false;
  for (let start = 0; start < comment.length; ) {
    let end = start;
    while (end < comment.length && !isBreak(comment.charCodeAt(end))) end++;
    if (end > start) {
      if (breaks) out.writeIndent();
      if (comment.charCodeAt(start) !== CHAR.hash) out.put('# ');
      out.put(comment.slice(start, end));
      out.indention = false;
      breaks = false;
    }
    if (end < comment.length) {
      breakAs(out, comment.charAt(end));
      breaks = true;
    }
    start = end + 1;
  }
  if (!breaks) out.break();
  out.whitespace = true;
}
