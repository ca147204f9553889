import { Gauge, type Registry } from 'prom-client';
import type { WatchHealth } from '../kube/watch.ts';
import type { Census } from './census.ts';

/** What is read at each scrape, from memory. */
export interface Sources {
  readonly version: string;
  readonly queueDepth: () => number;
  readonly census: () => Census;
  readonly busyNodes: () => number;
  readonly watches: () => readonly WatchHealth[];
  /** Monotonic, as the watches' own. */
  readonly nowMs: () => number;
  readonly leading: () => boolean;
  readonly removing: () => boolean;
  /** Unfinished Jobs of KWasm's own operator. */
  readonly oldOperatorJobs: () => number;
}

export function addGauges(registry: Registry, from: Sources): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `kwasm_operator_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  new Gauge({
    name: 'kwasm_operator_build_info',
    help: 'Constant 1, with the versions of the operator and of its Node.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version: from.version, node_version: process.version }, 1);
  gauge('leader', '1 while this replica may act; a single replica without leader election may always.', () =>
    from.leading() ? 1 : 0,
  );
  gauge(
    'removing_all',
    '1 while everything is taken off, as helm uninstall with cleanup.onUninstall asks: no node is wanted.',
    () => (from.removing() ? 1 : 0),
  );
  gauge('queue_depth', 'Keys that wait for a worker or for their time.', from.queueDepth);
  gauge('nodes_busy', 'Nodes with an unfinished Job.', from.busyNodes);
  gauge(
    'old_operator_jobs',
    "Unfinished Jobs of KWasm's own operator: it still runs beside this one.",
    from.oldOperatorJobs,
  );
  nodeGauges(registers, from);
  watchGauges(registers, from);
}

function nodeGauges(registers: Registry[], { census }: Sources): void {
  // One count for the three, in the order in which prom-client asks them: all within one tick.
  let counted: { readonly census: Census; readonly tick: Promise<void> } | undefined;
  const once = (): Census => {
    if (counted === undefined) {
      const tick = new Promise<void>((resolve) => setImmediate(resolve));
      counted = { census: census(), tick };
      void tick.then(() => {
        counted = undefined;
      });
    }
    return counted.census;
  };
  new Gauge({
    name: 'kwasm_operator_nodes',
    help: 'Nodes by what is to be done to them and how far that is.',
    labelNames: ['action', 'stage'],
    registers,
    collect() {
      for (const [key, count] of once().stages) {
        const [action = '', stage = ''] = key.split(' ');
        this.set({ action, stage }, count);
      }
    },
  });
  new Gauge({
    name: 'kwasm_operator_node_conditions',
    help: 'Nodes by the reason of their condition KwasmReady.',
    labelNames: ['reason'],
    registers,
    collect() {
      for (const [reason, count] of once().reasons) this.set({ reason }, count);
    },
  });
  new Gauge({
    name: 'kwasm_operator_nodes_serving',
    help: 'Nodes that carry the label of a handler, by handler.',
    labelNames: ['handler'],
    registers,
    collect() {
      this.reset(); // a handler that is gone everywhere
      for (const [handler, count] of once().handlers) this.set({ handler }, count);
    },
  });
}

function watchGauges(registers: Registry[], { watches, nowMs }: Sources): void {
  new Gauge({
    name: 'kwasm_operator_watch_synced',
    help: '1 once the store of a resource has held a complete list.',
    labelNames: ['resource'],
    registers,
    collect() {
      for (const { resource, synced } of watches()) this.set({ resource }, synced ? 1 : 0);
    },
  });
  new Gauge({
    name: 'kwasm_operator_watch_stale_seconds',
    help: 'How long a watch has been without a connection; 0 while it has one.',
    labelNames: ['resource'],
    registers,
    collect() {
      for (const { resource, troubleSinceMs } of watches()) {
        this.set({ resource }, troubleSinceMs === undefined ? 0 : Math.max(0, nowMs() - troubleSinceMs) / 1000);
      }
    },
  });
}
