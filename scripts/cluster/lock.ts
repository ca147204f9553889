import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Runs `work` while no other process holds the same lock; waits for one that does. */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const release = await takeLock(file, onWait);
  try {
    return await work();
  } finally {
    release();
  }
}

/**
 * For what is held longer than a function runs; gives what releases it. flock(1) holds it for us until its stdin closes, so a
 * process that dies, however it dies, lets go of it.
 */
export async function takeLock(file: string, onWait: () => void, signal?: AbortSignal): Promise<() => void> {
  mkdirSync(dirname(file), { recursive: true });
  const script = ['sh', '-c', 'echo held; exec cat'];
  const holder = spawn('flock', [file, ...script], { stdio: ['pipe', 'pipe', 'inherit'], signal });
  try {
    await held(holder, onWait);
  } catch (error) {
    holder.stdin.end();
    throw error;
  }
  return () => holder.stdin.end();
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
