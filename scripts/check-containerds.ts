import { join } from 'node:path';
import process from 'node:process';
import { messageOf } from '../src/errors.ts';
import { readRows } from '../src/installer/golden/row.ts';
import { containerd, containerdDaemon, type GoTool, toolDir } from './cluster/go-tools.ts';
import { ensurePrograms } from './cluster/local/programs.ts';
import { progressTo } from './cluster/progress.ts';
import { CONTAINERD, CONTAINERD_CHECKED, type ContainerdMinor } from './cluster/versions.ts';
import { checkRow } from './containerds/check.ts';
import { checkTemplate, extendsBase } from './containerds/templates.ts';
import type { Toolchain } from './toolchain/command.ts';
import { toolchain } from './toolchain/toolchain.ts';

/**
 * `npm run check:containerds [ROW...]`: every golden tree's plan is loaded and started by real containerds of each
 * generation that it is for; exactly our handlers may differ. K3s' templates are rendered by Go's own package. Builds what is missing, and needs root for its namespaces.
 */
const progress = progressTo((line) => console.log(line));
const wanted = process.argv.slice(2);
const rows = readRows().filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const unknown = wanted.filter((name) => !rows.some((row) => row.name === name));

if (unknown.length > 0) fail(`there is no golden tree ${unknown.join(', ')} below src/installer/golden`);
if (process.getuid?.() !== 0) fail('this needs root: each daemon runs in a mount namespace of its own');
process.exitCode = await run();

async function run(): Promise<number> {
  let bad = 0;
  await ensurePrograms([...new Set(rows.flatMap(({ generations }) => generations))].map(toolOf), progress);
  for (const row of rows) {
    const cells: string[] = [];
    const judge = async (name: string, check: Promise<unknown>): Promise<void> => {
      const wrong = await check.then(() => undefined, messageOf);
      if (wrong !== undefined) bad += 1;
      cells.push(wrong === undefined ? `${name} ok` : `${name} BAD: ${wrong}`);
    };
    if (extendsBase(row)) await judge('text/template', checkTemplate(row, await go()));
    for (const generation of row.generations) {
      const tool = toolOf(generation);
      const binary = join(toolDir(tool), 'containerd');
      await judge(tool.version, checkRow(row, { version: tool.version, binary }));
    }
    console.log(`${row.name.padEnd(28)} ${cells.join(', ')}`);
  }
  console.log(bad === 0 ? 'every plan is loaded and served as planned' : `${bad} bad`);
  return bad === 0 ? 0 : 1;
}

function go(): Promise<Toolchain> {
  return toolchain('go', { version: '1.21', say: progress.say });
}

function toolOf(generation: string): GoTool {
  if (generation in CONTAINERD) return containerd(generation as ContainerdMinor);
  if (generation in CONTAINERD_CHECKED) return containerdDaemon(generation as keyof typeof CONTAINERD_CHECKED);
  return fail(`no containerd ${generation} is known`);
}

function fail(message: string): never {
  console.error(`check:containerds: ${message}`);
  process.exit(2);
}
