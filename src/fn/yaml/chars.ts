/** Character classes of YAML as libyaml draws them. Text to scan ends with NUL, so that looking ahead needs no bounds. */
export const CHAR = {
  nul: 0x00,
  tab: 0x09,
  lf: 0x0a,
  cr: 0x0d,
  space: 0x20,
  bang: 0x21,
  doubleQuote: 0x22,
  hash: 0x23,
  percent: 0x25,
  amp: 0x26,
  quote: 0x27,
  star: 0x2a,
  plus: 0x2b,
  comma: 0x2c,
  dash: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  less: 0x3c,
  greater: 0x3e,
  question: 0x3f,
  at: 0x40,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  backtick: 0x60,
  openBrace: 0x7b,
  pipe: 0x7c,
  closeBrace: 0x7d,
  nel: 0x85,
  ls: 0x2028,
  ps: 0x2029,
  bom: 0xfeff,
} as const;

export function isBlank(c: number): boolean {
  return c === CHAR.space || c === CHAR.tab;
}

export function isBreak(c: number): boolean {
  return c === CHAR.lf || c === CHAR.cr || c === CHAR.nel || c === CHAR.ls || c === CHAR.ps;
}

export function isBreakOrEnd(c: number): boolean {
  return c === CHAR.lf || c === CHAR.nul || c === CHAR.cr || c === CHAR.nel || c === CHAR.ls || c === CHAR.ps;
}

export function isBlankOrEnd(c: number): boolean {
  return c === CHAR.space || c === CHAR.tab || isBreakOrEnd(c);
}

/** Letters, digits, '_' and '-': what names of anchors and tag handles are made of. */
export function isWord(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === 0x5f || c === 0x2d;
}

/** What may stand in text unescaped. go-yaml takes nothing outside the basic plane for printable, and so do we. */
export function isPrintable(c: number): boolean {
  return (
    c === CHAR.lf ||
    (c >= 0x20 && c <= 0x7e) ||
    (c >= 0xa0 && c <= 0xd7ff) ||
    (c >= 0xe000 && c <= 0xfffd && c !== CHAR.bom)
  );
}

/** A line break as it is kept in values: all but LS and PS become LF. */
export function breakText(c: number): string {
  return c === CHAR.ls || c === CHAR.ps ? String.fromCharCode(c) : '\n';
}
