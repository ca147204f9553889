import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** As a whole or not at all, also when the disk is full or the process is ended. What is there and no file (a pipe, a device) is written to. */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there !== undefined && !there.isFile()) return await writeFile(file, bytes);
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.partial-${process.pid}`;
  try {
    await writeFile(partial, bytes, there === undefined ? {} : { mode: there.mode });
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}
