import type { NodeRow } from '../wire.ts';

/** A row for tests to change one thing of. */
export function row(change: Partial<NodeRow> = {}): NodeRow {
  return {
    name: 'n1',
    state: 'ready',
    action: 'install',
    reason: 'Provisioned',
    message: 'wasmtime is live',
    sinceMs: 1,
    handlers: ['wasmtime'],
    provedMs: 1,
    attempts: 0,
    ready: true,
    cordoned: false,
    kind: 'k',
    distribution: 'kubernetes',
    os: 'Debian 12',
    containerd: 'containerd 2.1',
    arch: 'amd64',
    zone: 'a',
    pool: '',
    ...change,
  };
}
