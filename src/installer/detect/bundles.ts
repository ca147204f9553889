import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path/posix';
import type { Host } from '../host.ts';
import { valueAt } from '../plan/toml.ts';

const STATE_DEFAULT = '/run/containerd';
const TASKS = 'io.containerd.runtime.v2.task';

/** A sandbox or container that containerd has a task for, and the shim it was started with. */
export interface Bundle {
  readonly id: string;
  readonly shim: string;
}

/**
 * containerd (1.6 to 2.4) writes each bundle's shim beside it and starts by it after a restart, whatever the handler says by
 * then. One whose shim is gone is deleted, and its pod is lost (kata-containers#12761).
 */
export function readBundles(host: Host, dump: unknown): readonly Bundle[] {
  const state = valueAt(dump, ['state']);
  const root = join(typeof state === 'string' && state !== '' ? state : STATE_DEFAULT, TASKS);
  return names(host, root).flatMap((namespace) =>
    names(host, join(root, namespace)).flatMap((id) => {
      const file = host.at(join(root, namespace, id, 'shim-binary-path'));
      return existsSync(file) ? [{ id, shim: readFileSync(file, 'utf8').trim() }] : [];
    }),
  );
}

const names = (host: Host, path: string): readonly string[] =>
  existsSync(host.at(path)) ? readdirSync(host.at(path)) : [];
