import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failureText } from '../../wasm/failure.ts';
import { openRunner, type RunResult } from '../../wasm/runner.ts';
import { readList } from '../run/list-text.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';

/** The tests of a function: directories with an input, and what has to come of it, to the byte; or what it has to say when it fails. */
export type Golden =
  | { readonly kind: 'passed' | 'updated'; readonly name: string }
  | { readonly kind: 'failed'; readonly name: string; readonly why: string };

export async function runGolden(project: Project, update: boolean): Promise<readonly Golden[]> {
  const tests = join(project.directory, 'tests');
  const entries = await readdir(tests, { withFileTypes: true }).catch(() => []);
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  if (names.length === 0) throw new ProjectError(`no test: ${tests}/NAME/input.yaml is where one begins`);
  const path = join(project.directory, project.module);
  const bytes = await readFile(path).catch(() => {
    throw new ProjectError(`${path} is not there; kwasm fn build makes it`);
  });
  const runner = await openRunner([{ name: path, bytes }], {}, project.directory);
  try {
    const results: Golden[] = [];
    for (const name of names) {
      const input = await readFile(join(tests, name, 'input.yaml'), 'utf8').catch(() => undefined);
      if (input === undefined) results.push({ kind: 'failed', name, why: 'it has no input.yaml' });
      else results.push(await judge(name, join(tests, name), await runner.run(0, input), update));
    }
    return results;
  } finally {
    await runner.close();
  }
}

async function judge(name: string, directory: string, result: RunResult, update: boolean): Promise<Golden> {
  const failed = (why: string): Golden => ({ kind: 'failed', name, why });
  const error = await readFile(join(directory, 'error.txt'), 'utf8').catch(() => undefined);
  if (result.kind === 'failed') {
    const said = `${failureText(result.failure)}\n${result.stderr}`;
    if (error === undefined) return failed(said.trim());
    return said.includes(error.trim()) ? { kind: 'passed', name } : failed(`it said ${JSON.stringify(said)}`);
  }
  if (error !== undefined) return failed('it succeeded, and error.txt says that it must not');
  const read = readList(result.output);
  if (read.kind === 'none') return failed(`it returned no ResourceList: ${read.why}`);
  const file = join(directory, 'expected.yaml');
  const expected = await readFile(file, 'utf8').catch(() => undefined);
  if (expected === result.output) return { kind: 'passed', name };
  if (update) {
    await writeFile(file, result.output);
    return { kind: 'updated', name };
  }
  return failed(
    expected === undefined ? 'it has no expected.yaml; --update writes it' : difference(expected, result.output),
  );
}

/** The first line that differs says most. */
function difference(expected: string, got: string): string {
  const [wanted, found] = [expected.split('\n'), got.split('\n')];
  const at = wanted.findIndex((line, index) => line !== found[index]);
  const line = at === -1 ? wanted.length : at;
  return `line ${line + 1}: expected ${JSON.stringify(wanted[line] ?? 'the end')}, got ${JSON.stringify(found[line] ?? 'the end')}`;
}
