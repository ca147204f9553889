import { Bytes } from '../../wasm/bytes.ts';

const IMPORTS = 2;
const FUNCTION = 0;

/**
 * Go imports a function of WASI 0.1 anew in each of its packages that calls it; a module inside a component may name an import once only. The second
 * becomes `NAME [v2]`, as with wasm-tools, and the frame has both.
 */
export function distinctImports(core: Uint8Array): Buffer {
  const bytes = new Bytes(core, 8);
  const parts: Uint8Array[] = [core.subarray(0, 8)];
  while (!bytes.done) {
    const id = bytes.byte();
    const content = bytes.take(bytes.number());
    parts.push(section(id, id === IMPORTS ? renamed(content) : core.subarray(content.at, content.end)));
  }
  return Buffer.concat(parts);
}

export function section(id: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([id, ...leb128(content.length)]), content]);
}

function renamed(imports: Bytes): Buffer {
  const seen = new Map<string, number>();
  const count = imports.number();
  const parts: Buffer[] = [Buffer.from(leb128(count))];
  for (let left = count; left > 0; left -= 1) {
    const [module, name] = [imports.text(), imports.text()];
    if (imports.byte() !== FUNCTION) throw new Error(`an import that is no function: ${module} ${name}`);
    const type = imports.number();
    const nth = (seen.get(`${module} ${name}`) ?? 0) + 1;
    seen.set(`${module} ${name}`, nth);
    const distinct = nth === 1 ? name : `${name} [v${nth}]`;
    parts.push(text(module), text(distinct), Buffer.from([FUNCTION, ...leb128(type)]));
  }
  return Buffer.concat(parts);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from(leb128(bytes.length)), bytes]);
}

function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...leb128(Math.floor(value / 0x80))];
}
