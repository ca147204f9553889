import { openChannel, unary } from '../../src/installer/cri/channel.ts';
import { connectCri } from '../../src/installer/cri/client.ts';

/** As much of CRI as making a container takes. https://github.com/kubernetes/cri-api, api.proto of v1 */
const text = (id: number) => ({ type: 'string', id });
const labels = (id: number) => ({ keyType: 'string', type: 'string', id });
const descriptor = {
  nested: {
    runtime: {
      nested: {
        v1: {
          nested: {
            RuntimeService: {
              methods: {
                CreateContainer: { requestType: 'CreateContainerRequest', responseType: 'CreateContainerResponse' },
                RemoveContainer: { requestType: 'RemoveContainerRequest', responseType: 'Nothing' },
              },
            },
            CreateContainerRequest: {
              fields: {
                podSandboxId: text(1),
                config: { type: 'ContainerConfig', id: 2 },
                sandboxConfig: { type: 'PodSandboxConfig', id: 3 },
              },
            },
            CreateContainerResponse: { fields: { containerId: text(1) } },
            RemoveContainerRequest: { fields: { containerId: text(1) } },
            Nothing: { fields: {} },
            ContainerConfig: {
              fields: {
                metadata: { type: 'Metadata', id: 1 },
                image: { type: 'ImageSpec', id: 2 },
                command: { rule: 'repeated', ...text(3) },
                labels: labels(9),
              },
            },
            Metadata: { fields: { name: text(1) } },
            ImageSpec: { fields: { image: text(1) } },
            PodSandboxConfig: { fields: { metadata: { type: 'SandboxMetadata', id: 1 } } },
            SandboxMetadata: { fields: { name: text(1), uid: text(2), namespace: text(3) } },
          },
        },
      },
    },
  },
} as unknown as Parameters<typeof openChannel>[1];
const SERVICE = 'runtime.v1.RuntimeService';
const DEADLINE_MS = 30_000;

export interface CreatingContainer {
  readonly id: string;
  /** In containerd's own word. */
  state(): Promise<string | undefined>;
  remove(): Promise<void>;
}

/** A container in the sandbox of `pod` (namespace/name) that has been created and is not started: as one is between the two. */
export async function createContainer(socket: string, pod: string, image: string): Promise<CreatingContainer> {
  const cri = connectCri(socket, Date.now);
  const client = openChannel(socket, descriptor, SERVICE);
  const call = (method: string, request: object) =>
    unary(client, `CRI ${method}`, method, request, Date.now() + DEADLINE_MS);
  try {
    const sandbox = (await cri.sandboxes()).find((one) => one.ready && one.pod === pod);
    if (sandbox === undefined) throw new Error(`${pod} has no sandbox`);
    const [namespace = '', name = ''] = pod.split('/');
    const { containerId } = (await call('createContainer', {
      podSandboxId: sandbox.id,
      config: {
        metadata: { name: 'creating' },
        image: { image },
        command: ['node', '--version'],
        labels: {
          'io.kubernetes.container.name': 'creating',
          'io.kubernetes.pod.name': name,
          'io.kubernetes.pod.namespace': namespace,
          'io.kubernetes.pod.uid': sandbox.podUid,
        },
      },
      sandboxConfig: { metadata: { name, namespace, uid: sandbox.podUid } },
    })) as { readonly containerId: string };
    return {
      id: containerId,
      state: async () => (await cri.container(containerId))?.state,
      remove: async () => {
        await call('removeContainer', { containerId });
        client.close();
        cri.close();
      },
    };
  } catch (error) {
    client.close();
    cri.close();
    throw error;
  }
}
