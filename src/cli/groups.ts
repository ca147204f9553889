import type { Command } from 'commander';
import * as dashboard from './dashboard.ts';
import * as status from './status.ts';
import * as version from './version.ts';
import * as wasm from './wasm.ts';

/**
 * One file for each group of commands: it declares names, flags and help with commander, and its actions import the code that does the work
 * (`const { run } = await import('./...')`), which keeps the start short.
 */
export interface Group {
  register(program: Command): void;
}

/** In the order of `kwasm --help`. */
export const groups: readonly Group[] = [status, dashboard, version, wasm];
