/** One value of DER, as certificates are made of; only what is needed to find their extensions. */
export interface Der {
  readonly tag: number;
  readonly content: Buffer;
}

/** The values one after the other in a piece of DER; undefined: it is none. */
export function derValues(bytes: Buffer): readonly Der[] | undefined {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1];
    if (first === undefined || (tag & 0x1f) === 0x1f) return undefined;
    const extra = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || extra > 4 || at + 2 + extra > bytes.length) return undefined;
    const length = extra === 0 ? first : bytes.readUIntBE(at + 2, extra);
    const from = at + 2 + extra;
    if (from + length > bytes.length) return undefined;
    values.push({ tag, content: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return values;
}

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
const EXTENSIONS = 0xa3;

/** A certificate's extensions, by their object identifiers. */
export function extensionsOf(certificate: Buffer): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  const signed = inside(inside(certificate, SEQUENCE), SEQUENCE);
  const list = inside(inside(signed, EXTENSIONS), SEQUENCE);
  for (const { content } of derValues(list) ?? []) {
    const parts = derValues(content) ?? [];
    const [id, value] = [
      parts.find(({ tag }) => tag === OBJECT_IDENTIFIER),
      parts.find(({ tag }) => tag === OCTET_STRING),
    ];
    if (id !== undefined && value !== undefined) found.set(identifier(id.content), value.content);
  }
  return found;
}

function inside(bytes: Buffer, tag: number): Buffer {
  return derValues(bytes)?.find((value) => value.tag === tag)?.content ?? Buffer.alloc(0);
}

function identifier(bytes: Buffer): string {
  const numbers: number[] = [];
  let sum = 0;
  for (const byte of bytes) {
    sum = sum * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    if (numbers.length === 0)
      numbers.push(Math.min(2, Math.floor(sum / 40)), sum - 40 * Math.min(2, Math.floor(sum / 40)));
    else numbers.push(sum);
    sum = 0;
  }
  return numbers.join('.');
}
