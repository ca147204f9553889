import type { fromJSON } from '@grpc/proto-loader';

/**
 * The few messages of CRI's runtime.v1 that we use, in protobufjs' JSON form, numbers as in k8s.io/cri-api. Fields that
 * we do not read are left out: protobuf skips what it does not know, so the same table fits every containerd since 1.6.
 */
const field = (type: string, id: number) => ({ type, id });
const many = (type: string, id: number) => ({ type, id, rule: 'repeated' });
const textMap = (id: number) => ({ type: 'string', id, keyType: 'string' });
type Namespace = Parameters<typeof fromJSON>[0];
const message = (fields: Readonly<Record<string, object>>): Namespace => ({ fields }) as Namespace;

const v1: Record<string, Namespace> = {
  VersionRequest: message({ version: field('string', 1) }),
  VersionResponse: message({
    runtimeName: field('string', 2),
    runtimeVersion: field('string', 3),
  }),
  StatusRequest: message({ verbose: field('bool', 1) }),
  StatusResponse: message({
    status: field('RuntimeStatus', 1),
    info: textMap(2),
    runtimeHandlers: many('RuntimeHandler', 3),
  }),
  RuntimeStatus: message({ conditions: many('RuntimeCondition', 1) }),
  RuntimeCondition: message({
    type: field('string', 1),
    status: field('bool', 2),
    reason: field('string', 3),
    message: field('string', 4),
  }),
  RuntimeHandler: message({ name: field('string', 1) }),
  ListPodSandboxRequest: message({}),
  ListPodSandboxResponse: message({ items: many('PodSandbox', 1) }),
  PodSandboxMetadata: message({ name: field('string', 1), uid: field('string', 2), namespace: field('string', 3) }),
  PodSandbox: message({
    id: field('string', 1),
    metadata: field('PodSandboxMetadata', 2),
    state: field('int32', 3),
    runtimeHandler: field('string', 7),
  }),
  PodSandboxStatusRequest: message({ podSandboxId: field('string', 1), verbose: field('bool', 2) }),
  PodSandboxStatusResponse: message({ info: textMap(2) }),
  ListContainersRequest: message({}),
  ListContainersResponse: message({ containers: many('Container', 1) }),
  ContainerMetadata: message({ name: field('string', 1) }),
  Container: message({
    id: field('string', 1),
    podSandboxId: field('string', 2),
    metadata: field('ContainerMetadata', 3),
    state: field('int32', 6),
    createdAt: field('int64', 7),
    labels: textMap(8),
  }),
  ContainerStatusRequest: message({ containerId: field('string', 1) }),
  ContainerStatusResponse: message({ status: field('ContainerStatus', 1) }),
  ContainerStatus: message({
    id: field('string', 1),
    state: field('int32', 3),
    finishedAt: field('int64', 6),
    exitCode: field('int32', 7),
    reason: field('string', 10),
  }),
  RuntimeService: {
    methods: {
      Version: { requestType: 'VersionRequest', responseType: 'VersionResponse' },
      Status: { requestType: 'StatusRequest', responseType: 'StatusResponse' },
      ListPodSandbox: { requestType: 'ListPodSandboxRequest', responseType: 'ListPodSandboxResponse' },
      PodSandboxStatus: { requestType: 'PodSandboxStatusRequest', responseType: 'PodSandboxStatusResponse' },
      ListContainers: { requestType: 'ListContainersRequest', responseType: 'ListContainersResponse' },
      ContainerStatus: { requestType: 'ContainerStatusRequest', responseType: 'ContainerStatusResponse' },
    },
  } as Namespace,
};

export const SERVICE = 'runtime.v1.RuntimeService';

export const descriptor: Namespace = {
  nested: { runtime: { nested: { v1: { nested: v1 } } } },
};
