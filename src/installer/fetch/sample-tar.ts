/** Archives for tests, made by the byte: what tar programs refuse to write is what has to be tried. */
export interface SampleEntry {
  readonly path: string;
  readonly content?: string | Uint8Array;
  readonly type?: string;
  readonly target?: string;
  /** Another than the content has; bytes are taken as the field itself. */
  readonly size?: number | Buffer;
}

export const header = {
  /** Sets the sum that a header says of itself. */
  mend: (block: Buffer): void => {
    block.fill(' ', 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  },
};

export function entry({ path, content = '', type = '0', target = '', size }: SampleEntry): Buffer {
  const bytes = Buffer.from(content);
  const block = Buffer.alloc(512);
  block.write(path, 0);
  block.write('0000755\x000000000\x000000000\0', 100, 'latin1');
  if (typeof size === 'object') size.copy(block, 124);
  else block.write(`${(size ?? bytes.length).toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write('00000000000\0', 136, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(target, 157);
  block.write('ustar\x0000', 257, 'latin1');
  header.mend(block);
  return Buffer.concat([block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export function pax(records: Readonly<Record<string, string>>): Buffer {
  const content = Object.entries(records)
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      const length = [1, 2, 3]
        .map((digits) => rest.length + digits)
        .find((sum) => String(sum).length + rest.length === sum);
      return `${length}${rest}`;
    })
    .join('');
  return entry({ path: 'PaxHeaders/x', type: 'x', content });
}

export const archive = (...entries: readonly Buffer[]): Buffer => Buffer.concat([...entries, Buffer.alloc(1024)]);

/** The first bytes of a program that no host could run any further, for an architecture (ELF's e_machine). */
export function elf(machine: number, rest = ''): Buffer {
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(machine, 18);
  return Buffer.concat([head, Buffer.from(rest)]);
}
