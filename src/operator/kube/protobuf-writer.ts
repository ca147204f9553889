import type { Field, Message, Shape } from './protobuf.ts';

/** The other direction, for tests: what a server might send, with fields between that no shape names. */
export function writeMessage(
  message: Message,
  shape: Shape,
  noise: (at: number) => Buffer = () => Buffer.alloc(0),
): Buffer {
  const parts: Buffer[] = [];
  for (const [number, field] of shape.entries()) {
    if (field === undefined) continue;
    const value = message[field.name];
    const values = value === undefined ? [] : field.repeated ? (value as unknown[]) : [value];
    for (const one of values) parts.push(noise(parts.length), ...writeField(number, field, one, noise));
  }
  return Buffer.concat([...parts, noise(parts.length)]);
}

function writeField(number: number, field: Field, value: unknown, noise: (at: number) => Buffer): Buffer[] {
  switch (field.kind) {
    case 'number':
      return [varint(number << 3), varint(BigInt.asUintN(64, BigInt(value as number)))];
    case 'flag':
      return [varint(number << 3), varint(value === true ? 1 : 0)];
    case 'text':
      return [bytesField(number, Buffer.from(value as string))];
    case 'time': {
      const ms = Date.parse(value as string);
      const body = [varint(1 << 3), varint(Math.floor(ms / 1000)), varint(2 << 3), varint((ms % 1000) * 1_000_000)];
      return [bytesField(number, Buffer.concat(body))];
    }
    case 'map':
      return Object.entries(value as Record<string, string>).map(([key, of]) =>
        bytesField(number, Buffer.concat([bytesField(1, Buffer.from(key)), bytesField(2, Buffer.from(of))])),
      );
    case 'message':
      return [bytesField(number, writeMessage(value as Message, field.shape, noise))];
  }
}

export function bytesField(number: number, body: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(body.length), body]);
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A frame of a watch. */
export function watchFrame(type: string, object: Message, shape: Shape, noise?: (at: number) => Buffer): Buffer {
  const unknown = bytesField(2, writeMessage(object, shape, noise));
  const raw = bytesField(1, Buffer.concat([Buffer.from('k8s\0'), unknown]));
  const event = Buffer.concat([bytesField(1, Buffer.from(type)), bytesField(2, raw)]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}
