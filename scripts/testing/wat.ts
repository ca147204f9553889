import { parse } from '@bytecodealliance/jco';

/** A module from its text form, by wasm-tools. */
export async function wat(text: string): Promise<Uint8Array> {
  return parse(text);
}
