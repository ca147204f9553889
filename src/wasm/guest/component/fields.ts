import type { Header } from '../../http-call.ts';

const HEADERS_MAX = 1000;

/** wasi:http's header fields: names of any case, values of bytes. */
export class Fields {
  private readonly values: (readonly [string, Uint8Array])[];
  constructor(values: readonly (readonly [string, Uint8Array])[] = []) {
    this.values = [...values];
  }
  static fromList(values: readonly (readonly [string, Uint8Array])[]): Fields {
    return new Fields(values);
  }
  get(name: string): readonly Uint8Array[] {
    return this.values.flatMap(([known, value]) => (known.toLowerCase() === name.toLowerCase() ? [value] : []));
  }
  has(name: string): boolean {
    return this.get(name).length > 0;
  }
  set(name: string, values: readonly Uint8Array[]): void {
    this.delete(name);
    this.values.push(...values.map((value) => [name, value] as const));
  }
  append(name: string, value: Uint8Array): void {
    if (this.values.length >= HEADERS_MAX) throw { tag: 'forbidden' };
    this.values.push([name, value]);
  }
  delete(name: string): void {
    const kept = this.values.filter(([known]) => known.toLowerCase() !== name.toLowerCase());
    this.values.splice(0, this.values.length, ...kept);
  }
  entries(): readonly (readonly [string, Uint8Array])[] {
    return this.values;
  }
  clone(): Fields {
    return new Fields(this.values);
  }
  texts(): readonly Header[] {
    return this.values.map(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
  }
  static ofTexts(headers: readonly Header[]): Fields {
    return new Fields(headers.map(([name, value]) => [name, Buffer.from(value, 'latin1')]));
  }
}
