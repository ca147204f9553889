import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Runs `work` while no other process holds the same lock; waits for one that does. flock(1) holds it for us until its
 * stdin closes, so a process that dies, however it dies, lets go of it.
 */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await held(holder, onWait);
    return await work();
  } finally {
    holder.stdin?.end();
  }
}

const WAIT_NOTICE_MS = 1_000;

function held(holder: ChildProcess, onWait: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const notice = setTimeout(onWait, WAIT_NOTICE_MS);
    holder.stdout?.once('data', () => {
      clearTimeout(notice);
      resolve();
    });
    holder.once('error', (error) => {
      clearTimeout(notice);
      reject(error);
    });
    holder.once('exit', (code) => {
      clearTimeout(notice);
      reject(new Error(`flock ended with ${code}`));
    });
  });
}
