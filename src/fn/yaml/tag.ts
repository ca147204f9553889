import { KIND, QUOTED, STYLE, type YamlNode } from './node.ts';

const LONG = 'tag:yaml.org,2002:';

export function shortTag(tag: string): string {
  return tag.startsWith(LONG) ? `!!${tag.slice(LONG.length)}` : tag;
}

const WORDS = new Map<string, string>([
  ...['true', 'True', 'TRUE', 'false', 'False', 'FALSE'].map((word) => [word, '!!bool'] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, '!!null'] as const),
  ...['.nan', '.NaN', '.NAN', '.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF'].map(
    (word) => [word, '!!float'] as const,
  ),
]);

const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
/** What Go's strconv.ParseFloat takes and starts with a dot or a digit. */
const GO_FLOAT = /^\.[0-9]+([eE][-+]?[0-9]+)?$/;
const DATE = /^[0-9]{4}-([0-9]{1,2})-([0-9]{1,2})$/;
const TIME =
  /^[0-9]{4}-([0-9]{1,2})-([0-9]{1,2})(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)$/;

/** The tag that go-yaml gives a plain scalar: YAML 1.2's core schema with 1.1's octals, underscores and dates. */
export function resolve(value: string): string {
  const first = value.charCodeAt(0);
  if (value !== '' && !STARTS.has(first)) return '!!str';
  const word = WORDS.get(value);
  if (word !== undefined) return word;
  if (first === 0x2e) return GO_FLOAT.test(value) ? '!!float' : '!!str';
  const isSign = first === 0x2b || first === 0x2d;
  if (!isSign && !(first >= 0x30 && first <= 0x39)) return '!!str';
  if (!isSign && isTimestamp(value)) return '!!timestamp';
  const plain = value.replaceAll('_', '');
  if (isInteger(plain)) return '!!int';
  return FLOAT.test(plain) && Number.isFinite(Number(plain)) ? '!!float' : '!!str';
}

const STARTS = new Set([...'+-0123456789yYnNtTfFoO~.'].map((char) => char.charCodeAt(0)));

const INT_MIN = -(2n ** 63n);
const UINT_MAX = 2n ** 64n - 1n;
const INTEGER = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/;

function isInteger(plain: string): boolean {
  const match = INTEGER.exec(plain);
  if (match === null) return false;
  const [, sign = '', digits = ''] = match;
  if (digits.length <= 15) return true;
  const octal = /^0[0-7]/.test(digits);
  const size = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  const value = sign === '-' ? -size : size;
  // Unsigned numbers take no sign in Go's strconv.ParseUint.
  return value >= INT_MIN && value <= (sign === '' ? UINT_MAX : 2n ** 63n - 1n);
}

function isTimestamp(value: string): boolean {
  const match = DATE.exec(value) ?? TIME.exec(value);
  if (match === null) return false;
  const [, month, day, h1, m1, s1, h2, m2, s2] = match.map(Number);
  const year = Number(value.slice(0, 4));
  const days = new Date(Date.UTC(year, Number(month), 0)).getUTCDate();
  const within = (given: number | undefined, max: number) => given === undefined || Number.isNaN(given) || given <= max;
  return (
    Number(month) >= 1 &&
    Number(month) <= 12 &&
    Number(day) >= 1 &&
    Number(day) <= days &&
    within(h1, 23) &&
    within(m1, 59) &&
    within(s1, 59) &&
    within(h2, 23) &&
    within(m2, 59) &&
    within(s2, 59)
  );
}

/** The node's tag, worked out where none is given. */
export function tagOf(node: YamlNode): string {
  if (node.tag !== '') return shortTag(node.tag);
  if (node.kind === KIND.mapping) return '!!map';
  if (node.kind === KIND.sequence) return '!!seq';
  if (node.kind !== KIND.scalar) return '';
  return (node.style & QUOTED) !== 0 ? '!!str' : resolve(node.value);
}

export function isNull(node: YamlNode): boolean {
  return node.kind === KIND.scalar && (node.style & ~STYLE.tagged) === 0 && tagOf(node) === '!!null';
}
