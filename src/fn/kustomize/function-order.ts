import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { messageOf, Terminal } from '../../errors.ts';
import { digestOf } from '../../oci/digest.ts';
import { ModuleRefused } from '../../wasm/failure.ts';
import type { Limits } from '../../wasm/limits.ts';
import { openRunner } from '../../wasm/runner.ts';
import { callFunction, type Ran } from './called-function.ts';

/** What a wrapper that `wrap` made is told, in a file beside it. */
const orderShape = z.strictObject({
  name: z.string(),
  module: z.string(),
  given: z.string(),
  written: z.string(),
  validates: z.boolean(),
  /** The module, in the order's own directory. */
  file: z.string().regex(/^[\w.-]+$/),
  digest: z.string(),
});
export type Order = z.infer<typeof orderShape>;

export async function runOrder(file: string, input: string, limits: Partial<Limits>): Promise<Ran> {
  const order = await readOrder(file);
  const bytes = await readFile(join(dirname(file), order.file)).catch((cause: unknown) => {
    throw new Terminal(`${order.name}: its module cannot be read: ${messageOf(cause)}`, { cause });
  });
  if (digestOf(bytes) !== order.digest) {
    throw new Terminal(
      `${order.name}: ${order.file} is not the module that was wrapped; run 'kwasm kustomize wrap' again`,
    );
  }
  const runner = await openRunner([{ name: order.module, bytes }], limits).catch((error: unknown) => {
    throw error instanceof ModuleRefused ? new Terminal(`${order.name}: ${error.message}`, { cause: error }) : error;
  });
  try {
    return await callFunction(runner, 0, order, input);
  } finally {
    await runner.close();
  }
}

async function readOrder(file: string): Promise<Order> {
  try {
    return orderShape.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new Terminal(`${file} is not what 'kwasm kustomize wrap' writes: ${messageOf(cause)}`, { cause });
  }
}
