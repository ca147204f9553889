import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

/** What the kernel says of a process: nothing that the process says of itself. */
export interface Usage {
  readonly rssMb: number;
  /** Since the start, or since forgetPeak(). */
  readonly peakMb: number;
  /** Of rssMb, what is not a mapped file. */
  readonly anonymousMb: number;
  readonly cpuMs: number;
  readonly sockets: number;
}

/** USER_HZ is 100 on every architecture Node runs on. */
const TICK_MS = 10;

export function usage(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from the third on; utime is the 14th
  const cpuMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  return { rssMb: mb('VmRSS'), peakMb: mb('VmHWM'), anonymousMb: mb('RssAnon'), cpuMs, sockets: sockets(pid) };
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function sockets(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => target(`/proc/${pid}/fd/${fd}`).startsWith('socket:')).length;
}

function target(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // closed meanwhile
  }
}
