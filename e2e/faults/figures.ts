import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Verdict } from '../../src/verdict.ts';
import { difference } from '../harness/host-state.ts';
import { runInstaller } from '../harness/installer-run.ts';
import { containerdSocket, type FaultNode, stateOf } from './node.ts';

/** What an install costs a node, measured on it with the production deadlines. */
export interface Figures {
  readonly containerd: string;
  /** From the last answer of the old daemon's socket to the first of the new one's. */
  readonly downtimeMs: number;
  readonly installMs: number;
  readonly noOpMs: number;
  readonly filesTouched: number;
  readonly bytesLeft: number;
}

const PROBE_MS = 5;
const total = ({ steps }: Verdict): number => steps.reduce((sum, { ms }) => sum + ms, 0);

export async function measure(node: FaultNode): Promise<Figures> {
  const { test, name } = node;
  const before = await stateOf(node);
  const sizeBefore = await bytes(node);
  const probe = watchSocket(containerdSocket(node));
  const installed = await runInstaller(test, name, 'install', { KWASM_SETTLE_SECONDS: '' });
  const downtimeMs = await probe.stop();
  const touched = difference(before, await stateOf(node)).filter((line) => / f /.test(line));
  const again = await runInstaller(test, name, 'install', { KWASM_SETTLE_SECONDS: '' });
  await runInstaller(test, name, 'uninstall', { KWASM_SETTLE_SECONDS: '' });
  const left = difference(before, await stateOf(node));
  if (left.length > 0) throw new Error(`${name}: left after the uninstall: ${left.join(', ')}`);
  return {
    containerd: node.containerd,
    downtimeMs,
    installMs: total(installed.verdict),
    noOpMs: total(again.verdict),
    filesTouched: new Set(touched.map((line) => line.split(' ')[1])).size,
    bytesLeft: (await bytes(node)) - sizeBefore,
  };
}

/** Of everything an install may write to. */
async function bytes({ sh }: FaultNode): Promise<number> {
  const found = await sh(
    "find /etc /opt /var/lib/kwasm -xdev -type f -printf '%s\\n' 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'",
  );
  return Number(found);
}

/** The longest time in which nobody accepted a connection. */
function watchSocket(path: string): { stop(): Promise<number> } {
  let ended = false;
  let longestMs = 0;
  const work = (async () => {
    let answeredMs = performance.now();
    while (!ended) {
      if (await accepts(path)) {
        const nowMs = performance.now();
        if (nowMs - answeredMs > longestMs) longestMs = nowMs - answeredMs;
        answeredMs = nowMs;
      }
      await delay(PROBE_MS);
    }
  })();
  return {
    stop: async () => {
      ended = true;
      await work;
      return Math.round(longestMs);
    },
  };
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

export function printFigures(all: readonly Figures[]): string {
  const columns: readonly (readonly [string, keyof Figures])[] = [
    ['containerd', 'containerd'],
    ['socket closed, ms', 'downtimeMs'],
    ['install, ms', 'installMs'],
    ['no-op, ms', 'noOpMs'],
    ['files written', 'filesTouched'],
    ['bytes left after uninstall', 'bytesLeft'],
  ];
  const line = (cells: readonly string[]) =>
    cells.map((cell, n) => cell.padEnd(columns[n]?.[0].length ?? 0)).join('  ');
  return [
    line(columns.map(([head]) => head)),
    ...all.map((one) => line(columns.map(([, key]) => String(one[key])))),
  ].join('\n');
}
