/**
 * The kind of runtime-class-manager, by the fields that its API has: no status subresource, conditions that nobody writes.
 * The program itself is not here; what it leaves on its objects is its finalizer.
 */
export const RCM_SHIMS = 'shims.runtime.spinkube.dev';
export const RCM_FINALIZER = 'rcm.spinkube.dev/finalizer';

const text = { type: 'string' };
const platform = {
  type: 'object',
  required: ['os', 'arch', 'location'],
  properties: { os: text, arch: text, location: text, sha256: text },
};
const condition = {
  type: 'object',
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  properties: {
    type: text,
    status: text,
    reason: text,
    message: text,
    lastTransitionTime: { type: 'string', format: 'date-time' },
    observedGeneration: { type: 'integer' },
  },
};

export const rcmCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: RCM_SHIMS },
  spec: {
    group: 'runtime.spinkube.dev',
    scope: 'Cluster',
    names: { kind: 'Shim', listKind: 'ShimList', plural: 'shims', singular: 'shim' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['fetchStrategy', 'runtimeClass', 'rolloutStrategy'],
                properties: {
                  nodeSelector: { type: 'object', additionalProperties: text },
                  fetchStrategy: {
                    type: 'object',
                    properties: {
                      type: text,
                      anonHttp: { type: 'object', properties: { location: text } },
                      platforms: { type: 'array', items: platform },
                    },
                  },
                  runtimeClass: { type: 'object', properties: { name: text, handler: text } },
                  rolloutStrategy: {
                    type: 'object',
                    properties: {
                      type: text,
                      rolling: { type: 'object', properties: { maxUpdate: { type: 'integer' } } },
                    },
                  },
                  containerdRuntimeOptions: { type: 'object', additionalProperties: text },
                },
              },
              status: {
                type: 'object',
                properties: {
                  conditions: { type: 'array', items: condition },
                  nodes: { type: 'integer' },
                  nodesReady: { type: 'integer' },
                },
              },
            },
          },
        },
      },
    ],
  },
};

/** As its documentation has one; `platforms` beside the selector is what differs between them. */
export function rcmShim(name: string, platforms: readonly object[], nodeSelector: Readonly<Record<string, string>>) {
  return {
    apiVersion: 'runtime.spinkube.dev/v1alpha1',
    kind: 'Shim',
    metadata: { name, finalizers: [RCM_FINALIZER] },
    spec: {
      nodeSelector,
      fetchStrategy: { type: 'platforms', platforms },
      runtimeClass: { name: `wasmtime-${name}`, handler: name },
      rolloutStrategy: { type: 'recreate' },
      containerdRuntimeOptions: { SystemdCgroup: 'true' },
    },
  };
}

export const RCM_SHIM = 'spin-v2';
export const RCM_BINARY = '/opt/rcm/bin/containerd-shim-spin-v2';
const CONFIG = '/etc/containerd/config.toml';
/** For a shell on a node whose containerd has all of its configuration in one file. As that program leaves it: a shim, a list of what it brought, a table at the end of the configuration. */
export const RCM_LEAVES = `
set -eu
mkdir -p /opt/rcm/bin
cp /bin/true ${RCM_BINARY}
printf '{"shims":{"${RCM_SHIM}":{"sha256":"%s","path":"${RCM_BINARY}"}}}' "$(sha256sum <${RCM_BINARY} | cut -c1-64)" >/opt/rcm/rcm-lock.json
cp ${CONFIG} ${CONFIG}.story
cat >>${CONFIG} <<'END'

# RCM runtime config for ${RCM_SHIM}
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${RCM_SHIM}]
runtime_type = "${RCM_BINARY}"
END
systemctl restart containerd
`;
/** As it was before. */
export const RCM_GOES = `
set -eu
if [ -e ${CONFIG}.story ]; then mv ${CONFIG}.story ${CONFIG}; systemctl restart containerd; fi
rm -rf /opt/rcm
`;
