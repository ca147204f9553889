import { Terminal } from '../../../src/errors.ts';
import type { Provider } from '../provider.ts';
import { changing } from './changing.ts';
import { localCluster } from './cluster.ts';
import { down } from './down.ts';
import { readState } from './state.ts';
import { up } from './up.ts';

/** Kubernetes built from Go modules, on nodes that are systemd machines in nspawn. Needs root on Debian or Ubuntu. */
export const local: Provider = {
  kind: 'local',
  up: async (spec, context) => {
    requireRoot();
    await changing(spec.name, context.progress, () => up(spec, context));
    return localCluster(spec.name);
  },
  down: async (name, context) => {
    requireRoot();
    await changing(name, context.progress, () => down(name, context));
  },
  open: async (name) => (readState(name) === undefined ? undefined : localCluster(name)),
};

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Terminal(
    'the local cluster makes network interfaces, mounts and cgroups: run it as root (sudo), or use --provider kind',
  );
}
