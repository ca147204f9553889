import { inspect } from '../../wasm/module.ts';
import { FuncError } from '../func-error.ts';
import { distinctImports, section } from './distinct-imports.ts';

/** A component without its core module, which is the same for every function in Go (scripts/func/go-frame.ts makes it). */
export interface GoFrame {
  /** base64: up to the section of the core module, and from the end of that. */
  readonly before: string;
  readonly after: string;
  /** What it gives to the core module, as `module name`. */
  readonly imports: readonly string[];
}

const CORE_MODULE = 1;
const EXPORTS = ['memory', '_initialize', 'cabi_realloc', 'wasi:http/incoming-handler@0.2.10#handle'];

export function framed(name: string, core: Uint8Array, { before, after, imports }: GoFrame): Buffer {
  const main = distinctImports(core);
  const shape = inspect(name, main);
  const given = new Set(imports);
  const foreign = shape.imports.find((wanted) => !given.has(`${wanted.module} ${wanted.name}`));
  if (foreign !== undefined)
    throw new FuncError(
      'build',
      `${name}: imports ${foreign.module} ${foreign.name}, which a function in Go is not given: of WASI it has HTTP, the clock, randomness, arguments and environment`,
    );
  const missing = EXPORTS.find((wanted) => !shape.exports.includes(wanted));
  if (missing !== undefined) throw new FuncError('build', `${name}: does not export ${missing}`);
  return Buffer.concat([Buffer.from(before, 'base64'), section(CORE_MODULE, main), Buffer.from(after, 'base64')]);
}
