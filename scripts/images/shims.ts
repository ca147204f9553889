import { copyFileSync, linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuiltShim } from '../shim/build.ts';

/** /assets of the installer image: the binaries, and shims.json that says what each of them is. */
export function writeAssets(dir: string, shims: readonly BuiltShim[]): void {
  mkdirSync(dir, { recursive: true });
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
  for (const { path, binary } of shims) place(path, join(dir, binary));
  writeFileSync(join(dir, 'shims.json'), shimsJson(shims));
}

export function shimsJson(shims: readonly BuiltShim[]): string {
  const listed = shims.map(({ handler, binary, version, arch, sha256 }) => {
    return { handler, binary, version, arch, sha256, file: binary };
  });
  const twice = listed.find(({ file }, index) => listed.findIndex((other) => other.file === file) !== index);
  if (twice !== undefined) throw new Error(`two shims are called ${twice.file}`);
  return `${JSON.stringify(listed, undefined, 2)}\n`;
}

/** A hard link where the file system allows it: 30 MB need not be copied on every run. */
export function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
