import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { VERSIONS } from '../cluster/versions.ts';

/** What the figures were taken on: they mean little without. */
export function machine(): string {
  const gib = (totalmem() / 1024 ** 3).toFixed(0);
  return [
    `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    `${gib} GiB`,
    `Linux ${release()}`,
    `Node ${process.version}`,
    `Kubernetes ${VERSIONS.kubernetes}`,
    `etcd ${VERSIONS.etcd}`,
    `kwok ${VERSIONS.kwok}`,
  ].join(', ');
}

/** Busy others make every latency a lie; so it is said how busy they were. */
export function loadAverage(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' ');
}
