import { existsSync, readFileSync } from 'node:fs';
import { Terminal } from '../../src/errors.ts';
import { succeeds } from '../cluster/command.ts';
import { isDebian } from '../toolchain/packages.ts';
import { hasBuildx } from './buildx.ts';

/**
 * - assemble: our own, without an engine (assemble.ts); the same bytes on every machine
 * - buildx: BuildKit, for people who have Docker and perhaps no root
 */
export type Builder = 'assemble' | 'buildx';
export const BUILDERS: readonly Builder[] = ['assemble', 'buildx'];

export interface Machine {
  readonly root: boolean;
  /** mmdebstrap and skopeo are there, or can be installed. */
  readonly tools: boolean;
  readonly buildx: boolean;
}

export interface Choice {
  readonly builder: Builder;
  readonly why: string;
}

export function chooseBuilder(machine: Machine, wanted: Builder | undefined): Choice {
  if (wanted !== undefined) return { builder: wanted, why: 'as asked for' };
  if (machine.root && machine.tools)
    return { builder: 'assemble', why: 'root on Debian or Ubuntu: no engine is needed' };
  if (machine.buildx) return { builder: 'buildx', why: 'docker buildx is here and its engine answers' };
  throw new Terminal(
    'nothing here builds images: run this as root on Debian or Ubuntu, or install Docker with its buildx plugin',
  );
}

export async function thisMachine(): Promise<Machine> {
  const root = process.getuid?.() === 0;
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const tools = isDebian(release) || ((await answers('mmdebstrap')) && (await answers('skopeo')));
  return { root, tools, buildx: root && tools ? false : await hasBuildx() };
}

function answers(program: string): Promise<boolean> {
  return succeeds(program, ['--version']);
}
