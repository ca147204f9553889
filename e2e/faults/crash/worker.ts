import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { systemClock } from '../../../src/clock.ts';
import { HOST } from '../../../src/contract.ts';
import { BOOT_UNIT } from '../../../src/installer/apply/boot-unit.ts';
import { recover } from '../../../src/installer/apply/recover.ts';
import { tidyState } from '../../../src/installer/apply/transaction.ts';
import { shimPath } from '../../../src/installer/plan/shim.ts';
import { jsonLogger } from '../../../src/log.ts';
import { type CrashState, crashStates, printTree, type Tree, treeOf } from './disk.ts';
import {
  DISK,
  downAgain,
  hostOf,
  layRoot,
  play,
  RESTORE_MS,
  RUN,
  serveCri,
  startMachine,
  wasmtime,
} from './machine.ts';
import { readTrace, snapshot, TRACED } from './trace.ts';

/**
 * In a mount namespace of its own: records one story, then lets the boot-time unit and the next installer find every state
 * that a power cut during it may leave, and writes what is wrong with any of them.
 */
const [, , story = 'install', version = '2.1.9'] = process.argv;
const assets = mkdtempSync('/run/crash-assets-');
const binary = Buffer.alloc(64);
binary.write('\x7fELF', 'latin1');
binary[4] = 2;
binary.writeUInt16LE(62, 18);
const sha256 = createHash('sha256').update(binary).digest('hex');
const shim = { ...wasmtime, sha256 };
writeFileSync(join(assets, shim.file), binary, { mode: 0o755 });

startMachine();
layRoot(version);
await serveCri(version);
if (story === 'uninstall') await play('install', version, shim, assets);
const before = treeNow();
const base = snapshot(DISK);
const trace = '/run/crash-trace';
const strace = ['-f', '-y', '-xx', '-s', '1000000', '-qq', '-e', `trace=${TRACED}`, '-o', trace];
const done = await execa(
  'strace',
  [...strace, process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'story.ts')],
  {
    input: JSON.stringify({ story, version, shim, assets }),
  },
);
const after = treeNow();
const recording = readTrace(readFileSync(trace, 'utf8'), DISK, base);

const problems: string[] = [];
let states = 0;
let undone = 0;
let kept = 0;
for (const state of crashStates(recording)) {
  states += 1;
  for (const helpers of [['boot', 'run'], ['run']] as const) {
    const found = await judge(state, helpers);
    if (found !== undefined && problems.length < 20)
      problems.push(
        `cut after ${state.after} of ${recording.events.length}, lost [${state.lost.join(', ')}], then ${helpers.join(' and ')}: ${found}`,
      );
  }
}
// The model is the disk: with nothing lost it must be what is really there.
const everything = recording.events.flatMap((event) => (event.kind === 'change' ? [event.change] : []));
const recorded = onlyDisk(treeOf(recording, [...recording.initial, ...everything]));
if (printTree(recorded) !== printTree(after))
  problems.push(`the recording does not end in what the run left: ${differs(after, recorded)}`);
process.stdout.write(
  JSON.stringify({ said: done.stdout, events: recording.events.length, states, undone, kept, problems }),
  () => process.exit(0), // the server would keep it
);

async function judge(state: CrashState, helpers: readonly ('boot' | 'run')[]): Promise<string | undefined> {
  layTree(state.tree);
  const decided = [...state.tree].some(
    ([path, node]) => /\/decision$/.test(path) && node.kind === 'file' && node.bytes.toString() === 'commit\n',
  );
  for (const helper of [...helpers, ...helpers]) {
    downAgain();
    if (helper === 'boot') await boot();
    else {
      startMachine();
      const said = await nextRun();
      if (said !== undefined) return said;
    }
    const now = treeNow();
    const [old, next] = [sameConfig(now, before), sameConfig(now, after)];
    if (!old && !next) return `after ${helper} the configuration is neither old nor new:\n${printTree(config(now))}`;
    if (decided && !next) return `after ${helper} a commit is undone`;
    if (next && !old && story !== 'uninstall' && now.get(shimPath(shim, HOST.prefix))?.kind !== 'file')
      return 'the configuration names a shim that is not there';
  }
  const now = treeNow();
  if (sameConfig(now, after) && !sameConfig(now, before)) {
    kept += 1;
    return printTree(now) === printTree(after) ? undefined : `committed, but left: ${differs(after, now)}`;
  }
  undone += 1;
  return printTree(now) === printTree(before) ? undefined : `undone, but left: ${differs(before, now)}`;
}

function differs(wanted: Tree, is: Tree): string {
  const [a, b] = [printTree(wanted).split('\n'), printTree(is).split('\n')];
  return [
    ...a.filter((line) => !b.includes(line)).map((line) => `-${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `+${line}`),
  ]
    .join(' ')
    .slice(0, 600);
}

/** As systemd would: only if the unit and its link are on the disk, and something is pending. */
async function boot(): Promise<void> {
  const pending = '/var/lib/kwasm/pending';
  if (!existsSync(BOOT_UNIT) || !existsSync('/etc/systemd/system/multi-user.target.wants/kwasm-recover.service'))
    return;
  if (!existsSync(pending) || readdirSync(pending).length === 0) return;
  const command = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(readFileSync(BOOT_UNIT, 'utf8'))?.[1]?.replaceAll('$$', '$');
  if (command === undefined) throw new Error('the boot unit has no command');
  await execa('/bin/sh', ['-c', command], { reject: false, env: { PATH: `${RUN}/bin:${process.env['PATH']}` } });
}

/** What every command of the installer does first. */
async function nextRun(): Promise<string | undefined> {
  const host = hostOf(version);
  const limits = { switchSeconds: 300, verifyMs: 300, settleMs: 0, quietMs: 0, restoreMs: RESTORE_MS };
  try {
    const recovered = await recover('install', { host, clock: systemClock, log: jsonLogger('error'), limits });
    return recovered.kind === 'ended' && recovered.result.kind === 'broken'
      ? `broken: ${recovered.result.message}`
      : undefined;
  } catch (error) {
    return `the next run fails: ${(error as Error).stack}`;
  } finally {
    tidyState(host);
  }
}

function onlyDisk(tree: Tree): Tree {
  return new Map([...tree].filter(([path]) => DISK.some((root) => path === root || path.startsWith(`${root}/`))));
}

function treeNow(): Tree {
  return new Map(
    snapshot(DISK).map(({ path, kind, mode, bytes, to }) => [
      path,
      kind === 'file' ? { kind, mode, bytes } : kind === 'link' ? { kind, to } : { kind },
    ]),
  );
}

/** What containerd would load. */
function config(tree: Tree): Tree {
  const isRead = (path: string) => path.startsWith('/etc/containerd/') && !path.includes('/.');
  return new Map([...tree].filter(([path, { kind }]) => kind !== 'dir' && isRead(path)));
}
function sameConfig(a: Tree, b: Tree): boolean {
  return printTree(config(a)) === printTree(config(b));
}

function layTree(tree: Tree): void {
  for (const root of DISK)
    if (lstatSync(root, { throwIfNoEntry: false }) !== undefined) rmSync(root, { recursive: true });
  for (const [path, node] of onlyDisk(tree)) {
    if (node.kind === 'dir') mkdirSync(path, { recursive: true });
    else if (node.kind === 'link') symlinkSync(node.to, path);
    else {
      writeFileSync(path, node.bytes);
      chmodSync(path, node.mode);
    }
  }
}
