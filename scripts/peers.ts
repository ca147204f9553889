import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { execa } from 'execa';
import { messageOf } from '../src/errors.ts';
import { ensureWheel } from './cluster/addons/wheel.ts';
import { kustomize, toolDir } from './cluster/go-tools.ts';
import { ensurePrograms } from './cluster/local/programs.ts';
import { registryProgram } from './cluster/local/registry.ts';
import { progressTo } from './cluster/progress.ts';
import { WASM_TOOLS } from './cluster/versions.ts';
import { mochaCommand, root } from './testing/mocha.ts';
import { ensurePackages } from './toolchain/packages.ts';

/**
 * `npm run test:peers [-- e2e/peers/FILE.test.ts ...]`: our functions and artifacts beside the programs that others use for
 * the same: a real registry, kustomize built from its module, skopeo, wasm-tools, and kpt where it is installed. Needs no cluster.
 */
try {
  const progress = progressTo((line) => console.error(line));
  await ensurePackages(['skopeo'], progress.say);
  await ensurePrograms([kustomize], progress);
  const files = process.argv.slice(2);
  const { file, args } = mochaCommand(files.length > 0 ? files : ['e2e/peers/*.test.ts'], ['--timeout=300000']);
  const done = await execa(file, args, {
    cwd: root,
    env: {
      KWASM_PEER_REGISTRY: await registryProgram(),
      KWASM_PEER_WASM_TOOLS: await ensureWheel(WASM_TOOLS, { progress }),
      KWASM_PEER_KUSTOMIZE: join(toolDir(kustomize), 'kustomize'),
      ...kpt(),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
  });
  process.exitCode = done.exitCode ?? 1;
} catch (error) {
  console.error(`test:peers: ${messageOf(error)}`);
  process.exitCode = 1;
}

/** Taken from this system; without it what compares with it is skipped, and said to be. */
function kpt(): Readonly<Record<string, string>> {
  try {
    const version = execFileSync('kpt', ['version'], { encoding: 'utf8' }).trim();
    console.error(`  kpt ${version} of this system`);
    return { KWASM_PEER_KPT: 'kpt' };
  } catch {
    console.error('  kpt is not installed: what compares with it is skipped');
    return {};
  }
}
