import type { Command } from 'commander';

/**
 * One file for each group of commands: it declares names, flags and help with commander, and its actions import the code that does the work
 * (`const { run } = await import('./...')`), which keeps the start short.
 */
export interface Group {
  register(program: Command): void;
}

export const groups: readonly Group[] = [];
