import { parse } from '@bytecodealliance/jco';
import { buildAndPush } from './derived-images.ts';

/** An image that is nothing but this WebAssembly text. */
export async function wasmImage(reference: string, text: string): Promise<string> {
  const dockerfile = 'FROM scratch\nCOPY it.wasm /it.wasm\nENTRYPOINT ["/it.wasm"]\n';
  return await buildAndPush(reference, dockerfile, { 'it.wasm': await parse(text) });
}

export const TRAPS = '(module (memory (export "memory") 1) (func (export "_start") unreachable))';
export const HANGS = '(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))';
