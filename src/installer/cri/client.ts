import { type ServiceError, status } from '@grpc/grpc-js';
import * as z from 'zod';
import { openChannel, unary } from './channel.ts';
import { descriptor, SERVICE } from './messages.ts';

/** CRI over the daemon's socket: what the live containerd itself says. Every call has a deadline. */
export interface Cri {
  version(): Promise<RuntimeVersion>;
  status(): Promise<RuntimeStatus>;
  sandboxes(): Promise<readonly Sandbox[]>;
  /** Of the process that holds the sandbox open, on the host; undefined where the runtime does not tell. */
  sandboxPid(id: string): Promise<number | undefined>;
  containers(): Promise<readonly Container[]>;
  /** undefined: no such container. */
  container(id: string): Promise<ContainerState | undefined>;
  close(): void;
}

export interface RuntimeVersion {
  readonly name: string;
  readonly version: string;
}
export interface RuntimeStatus {
  readonly ready: boolean;
  /** Why it is not ready, in the runtime's own words. */
  readonly message: string;
  /** containerd >= 2.0; empty before. */
  readonly handlers: readonly string[];
  /** The CRI plugin's live configuration (verbose): the only proof on containerd 1.x. */
  readonly config: unknown;
}
export interface Sandbox {
  readonly id: string;
  readonly pod: string;
  readonly podUid: string;
  readonly ready: boolean;
  readonly handler: string;
}
const STATES = ['created', 'running', 'exited', 'unknown'] as const;
export interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly podUid: string;
  readonly state: (typeof STATES)[number];
  readonly createdAtMs: number;
}
export interface ContainerState {
  readonly state: (typeof STATES)[number];
  readonly exitCode: number;
  readonly reason: string;
}

const DEADLINE_MS = 10_000;
const POD_UID_LABEL = 'io.kubernetes.pod.uid';

/** Opens nothing yet: the first call connects, and a restarted daemon is simply connected to again. */
export function connectCri(socketPath: string, nowMs: () => number): Cri {
  const client = openChannel(socketPath, descriptor, SERVICE);
  const call = <T>(method: string, request: object, schema: z.ZodType<T>): Promise<T> =>
    unary(client, `CRI ${method}`, method, request, nowMs() + DEADLINE_MS).then((response) => schema.parse(response));
  return {
    version: () => call('version', {}, versionSchema),
    status: () => call('status', { verbose: true }, statusSchema),
    sandboxes: () => call('listPodSandbox', {}, sandboxesSchema),
    sandboxPid: (podSandboxId) => call('podSandboxStatus', { podSandboxId, verbose: true }, sandboxPidSchema),
    containers: () => call('listContainers', {}, containersSchema),
    container: async (containerId) => {
      try {
        return await call('containerStatus', { containerId }, containerSchema);
      } catch (error) {
        if ((error as { cause?: ServiceError }).cause?.code === status.NOT_FOUND) return undefined;
        throw error;
      }
    },
    close: () => client.close(),
  };
}

const text = z.string().default('');
const stateName = z.number().transform((index) => STATES[index] ?? 'unknown');

const versionSchema = z
  .object({ runtimeName: text, runtimeVersion: text })
  .transform((v): RuntimeVersion => ({ name: v.runtimeName, version: v.runtimeVersion }));

const statusSchema = z
  .object({
    status: z
      .object({ conditions: z.array(z.object({ type: text, status: z.boolean(), reason: text, message: text })) })
      .nullable(),
    info: z.record(z.string(), z.string()).default({}),
    runtimeHandlers: z.array(z.object({ name: text })).default([]),
  })
  .transform((response): RuntimeStatus => {
    const runtime = response.status?.conditions.find(({ type }) => type === 'RuntimeReady');
    const config = response.info['config'];
    return {
      ready: runtime?.status === true,
      message: runtime === undefined ? 'no RuntimeReady condition' : `${runtime.reason} ${runtime.message}`.trim(),
      handlers: response.runtimeHandlers.map(({ name }) => name).filter((name) => name !== ''),
      config: config === undefined ? undefined : JSON.parse(config),
    };
  });

const sandboxesSchema = z
  .object({
    items: z
      .array(
        z.object({
          id: z.string(),
          metadata: z.object({ name: text, uid: text, namespace: text }).nullable(),
          state: z.number(),
          runtimeHandler: text,
        }),
      )
      .default([]),
  })
  .transform(({ items }): readonly Sandbox[] =>
    items.map((item) => ({
      id: item.id,
      pod: `${item.metadata?.namespace ?? ''}/${item.metadata?.name ?? ''}`,
      podUid: item.metadata?.uid ?? '',
      ready: item.state === 0,
      handler: item.runtimeHandler,
    })),
  );

const sandboxPidSchema = z
  .object({ info: z.record(z.string(), z.string()).default({}) })
  .transform(({ info }): number | undefined => {
    const told = info['info'];
    const { pid } = z.object({ pid: z.number().optional() }).parse(told === undefined ? {} : JSON.parse(told));
    return pid;
  });

const containersSchema = z
  .object({
    containers: z
      .array(
        z.object({
          id: z.string(),
          podSandboxId: text,
          metadata: z.object({ name: text }).nullable(),
          state: stateName,
          createdAt: z.number(),
          labels: z.record(z.string(), z.string()).default({}),
        }),
      )
      .default([]),
  })
  .transform(({ containers }): readonly Container[] =>
    containers.map((item) => ({
      id: item.id,
      sandboxId: item.podSandboxId,
      name: item.metadata?.name ?? '',
      podUid: item.labels[POD_UID_LABEL] ?? '',
      state: item.state,
      createdAtMs: item.createdAt / 1e6,
    })),
  );

const containerSchema = z
  .object({ status: z.object({ state: stateName, exitCode: z.number(), reason: text }) })
  .transform(({ status: found }): ContainerState => found);
