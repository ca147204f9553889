import { execa } from 'execa';
import semver from 'semver';
import type { Toolchain } from './command.ts';

export type Found =
  | { readonly kind: 'found'; readonly toolchain: Toolchain }
  /** A clause for people: what is missing or too old. */
  | { readonly kind: 'unfit'; readonly why: string };

export interface Program {
  readonly path: string;
  readonly version: string;
}

const PROBE_TIMEOUT_MS = 30_000;

/** The first of these paths that runs and says its version. Bare names are looked up in PATH. */
export async function firstOf(
  paths: readonly string[],
  args: readonly string[],
  pattern: RegExp,
): Promise<Program | undefined> {
  for (const path of paths) {
    // GOTOOLCHAIN=local: ask the installed Go itself, without a download.
    const { stdout, failed } = await execa(path, args, {
      reject: false,
      timeout: PROBE_TIMEOUT_MS,
      env: { GOTOOLCHAIN: 'local' },
    });
    const version = pattern.exec(stdout ?? '')?.[1];
    if (!failed && version !== undefined) return { path, version };
  }
  return undefined;
}

export function atLeast(version: string, wanted: string): boolean {
  const [has, needs] = [semver.coerce(version), semver.coerce(wanted)];
  return has !== null && needs !== null && semver.gte(has, needs);
}
