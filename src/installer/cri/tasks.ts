import { Metadata } from '@grpc/grpc-js';
import type { fromJSON } from '@grpc/proto-loader';
import * as z from 'zod';
import { openChannel, unary } from './channel.ts';

/** containerd's own task API, for the one thing that CRI does not tell. */
export interface Tasks {
  /** Whether the container's shim names the container's processes when it is asked for them. */
  namesProcesses(containerId: string): Promise<boolean>;
  close(): void;
}

type Namespace = Parameters<typeof fromJSON>[0];
const SERVICE = 'containerd.services.tasks.v1.Tasks';
const message = (fields: Readonly<Record<string, object>>): Namespace => ({ fields }) as Namespace;
const v1: Record<string, Namespace> = {
  ListPidsRequest: message({ containerId: { type: 'string', id: 1 } }),
  ListPidsResponse: message({ processes: { type: 'ProcessInfo', id: 1, rule: 'repeated' } }),
  ProcessInfo: message({ pid: { type: 'uint32', id: 1 } }),
  Tasks: { methods: { ListPids: { requestType: 'ListPidsRequest', responseType: 'ListPidsResponse' } } } as Namespace,
};
const descriptor: Namespace = {
  nested: { containerd: { nested: { services: { nested: { tasks: { nested: { v1: { nested: v1 } } } } } } } },
};

/** As long as a containerd that starts waits for a shim (io.containerd.timeout.shim.load). */
const DEADLINE_MS = 5_000;
/** Where CRI keeps its containers. */
const NAMESPACE = 'k8s.io';
const schema = z.object({ processes: z.array(z.object({ pid: z.number() })).default([]) });

export function connectTasks(socketPath: string, nowMs: () => number): Tasks {
  const client = openChannel(socketPath, descriptor, SERVICE);
  const metadata = new Metadata();
  metadata.set('containerd-namespace', NAMESPACE);
  return {
    namesProcesses: async (containerId) => {
      try {
        const asked = await unary(client, 'ListPids', 'listPids', { containerId }, nowMs() + DEADLINE_MS, metadata);
        return schema.parse(asked).processes.length > 0;
      } catch {
        return false; // not supported, or no answer: containerd sees the same
      }
    },
    close: () => client.close(),
  };
}
