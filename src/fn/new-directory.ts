import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, Terminal } from '../errors.ts';
import { flushNames, writeFlushed } from './flushed.ts';
import { isRunning, startOf } from './package-journal.ts';

/** Files into a new directory, which is there with all of them or not at all. What a killed process has left of one goes when it is made again. */
export function writeNewDirectory(directory: string, files: ReadonlyMap<string, string>): void {
  if (existsSync(directory))
    throw new Terminal(`directory ${JSON.stringify(directory)} already exists, delete it and try again`);
  const target = resolve(directory);
  const building = beside(target, process.pid);
  try {
    mkdirSync(dirname(target), { recursive: true });
    dropUnfinished(target);
    build(building, files);
    renameSync(building, target);
    flushNames([dirname(target)]);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw new Terminal(`${directory}: not written: ${messageOf(error)}`, { cause: error });
  }
}

function beside(target: string, pid: number): string {
  return `${target}.kwasm-${pid}.new`;
}

function build(top: string, files: ReadonlyMap<string, string>): void {
  const directories = new Set([top]);
  mkdirSync(top);
  for (const [path, text] of files) {
    const file = join(top, path);
    mkdirSync(dirname(file), { recursive: true });
    for (let at = dirname(file); !directories.has(at); at = dirname(at)) directories.add(at);
    writeFlushed(file, text, { flags: 'wx' });
  }
  flushNames(directories);
}

function dropUnfinished(target: string): void {
  for (const name of readdirSync(dirname(target))) {
    const pid = Number(/^\.kwasm-(\d+)\.new$/.exec(name.slice(basename(target).length))?.[1]);
    const left = join(dirname(target), name);
    if (beside(target, pid) !== left || isRunning({ pid, startedAt: startOf(pid) })) continue;
    if (lstatSync(left).uid === process.getuid?.()) rmSync(left, { recursive: true });
  }
}
