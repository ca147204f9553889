import type { Command } from 'commander';
import * as check from './check.ts';
import * as completion from './completion.ts';
import * as dashboard from './dashboard.ts';
import * as doctor from './doctor.ts';
import * as fn from './fn.ts';
import * as func from './func.ts';
import * as funcCluster from './func-cluster.ts';
import * as kustomize from './kustomize.ts';
import * as logs from './logs.ts';
import * as node from './node.ts';
import * as release from './release.ts';
import * as shim from './shim.ts';
import * as status from './status.ts';
import * as supportBundle from './support-bundle.ts';
import * as version from './version.ts';
import * as wasm from './wasm.ts';

/**
 * One file for each group of commands: it declares names, flags and help with commander, and its actions import the code that does the work
 * (`const { run } = await import('./...')`), which keeps the start short.
 */
export interface Group {
  register(program: Command): void;
}

/** In the order of `kwasm --help`; a line each, so that two branches that add one do not meet. */
export const groups: readonly Group[] = [
  status, //
  check,
  dashboard,
  node,
  doctor,
  logs,
  supportBundle,
  shim,
  release,
  fn,
  func,
  funcCluster,
  version,
  completion,
  wasm,
  kustomize,
];

/** Groups that stand for themselves, by the command that each declares. */
export const NAMED: Readonly<Record<string, Group>> = {
  check,
  dashboard,
  doctor,
  fn,
  kustomize,
  logs,
  node,
  shim,
  status,
  'support-bundle': supportBundle,
  version,
  wasm,
};

/** Where the first word names a group, none of the others has to declare itself; any other beginning, a flag also, takes the whole tree. */
export function groupsFor([word = '']: readonly string[]): readonly Group[] {
  const named = Object.hasOwn(NAMED, word) ? NAMED[word] : undefined;
  return named === undefined ? groups : [named];
}
