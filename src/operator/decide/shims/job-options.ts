import type { V1Container } from '@kubernetes/client-node';
import { ENV, INSTALLER_CONTAINER } from '../../../contract.ts';
import { SHIMS_DIR } from '../../../shims/order.ts';
import type { NamedShim, ShimSource } from '../../../shims/spec.ts';
import { containersOf, type PodOption } from '../options.ts';
import { archOf } from '../rollout/kind.ts';
import type { NodeView } from '../view.ts';
import type { OnNode } from './on-node.ts';

/** What the installer is to install. A default installation is not told: its image brings what it brings. */
export const ordered =
  (onNode: OnNode | undefined): PodOption =>
  (pod) => {
    if (onNode?.kind !== 'given' || onNode.isDefault) return;
    for (const container of containersOf(pod)) {
      if (container.name !== INSTALLER_CONTAINER) continue;
      container.env = [...(container.env ?? []), { name: ENV.shims, value: onNode.orders }];
    }
  };

/** Where downloads are to come from. */
export const mirror =
  (prefix: string): PodOption =>
  (pod) => {
    if (prefix === '') return;
    for (const container of containersOf(pod)) {
      container.env = [...(container.env ?? []), { name: ENV.mirror, value: prefix }];
    }
  };

/**
 * Shims that are images: the kubelet pulls them, so registry mirrors, pull secrets and policies are its own. As a volume
 * where it can; else an init container of that image copies the file, with a program that we bring, for the image may hold
 * nothing but the shim.
 */
export const shimImages =
  (onNode: OnNode | undefined, node: NodeView): PodOption =>
  (pod) => {
    if (onNode?.kind !== 'given') return;
    const images = onNode.shims.flatMap((shim) => imageOf(shim, node) ?? []);
    if (images.length === 0) return;
    const secrets = [...(pod.imagePullSecrets ?? []), ...images.flatMap(({ image }) => image.pullSecrets ?? [])];
    const names = new Set(secrets.map(({ name }) => name));
    if (names.size > 0) pod.imagePullSecrets = [...names].map((name) => ({ name: name ?? '' }));
    const installer = pod.containers.find(({ name }) => name === INSTALLER_CONTAINER);
    if (installer === undefined) return;
    if (!node.mountsImages) pod.initContainers = [...(pod.initContainers ?? []), toolbox(installer)];
    for (const [index, { name, image }] of images.entries()) {
      const volume = `shim-${index}`;
      const mountPath = `${SHIMS_DIR}/${name}`;
      installer.volumeMounts = [...(installer.volumeMounts ?? []), { name: volume, mountPath, readOnly: true }];
      const { imagePullPolicy: pullPolicy } = installer;
      if (node.mountsImages) {
        const source = { reference: image.reference, ...(pullPolicy === undefined ? {} : { pullPolicy }) };
        pod.volumes = [...(pod.volumes ?? []), { name: volume, image: source }];
      } else {
        pod.volumes = [...(pod.volumes ?? []), { name: volume, emptyDir: { sizeLimit: COPY_SIZE_MAX } }];
        pod.initContainers = [...(pod.initContainers ?? []), copier(volume, image, installer)];
      }
    }
    if (!node.mountsImages) pod.volumes = [...(pod.volumes ?? []), { name: TOOLS, emptyDir: { sizeLimit: '64Mi' } }];
  };

interface ImageSource {
  readonly name: string;
  readonly image: NonNullable<ShimSource['image']>;
}

/** Of the node's own architecture, which ends the name of its kind. */
function imageOf({ name, spec }: NamedShim, { kind }: NodeView): ImageSource | undefined {
  const fitting = spec.sources.find(({ arch }) => arch === archOf(kind));
  return fitting?.image === undefined ? undefined : { name, image: fitting.image };
}

const COPY_SIZE_MAX = '1Gi';
const TOOLS = 'tools';
const TOOLS_DIR = '/kwasm-tools';
const COPIED_DIR = '/kwasm-shim';

/**
 * `cp` with its loader and libraries, from our own image: started through that loader it needs nothing of the image that it
 * runs in, not even a shell.
 */
function toolbox({ image, imagePullPolicy }: V1Container): V1Container {
  const script = [
    'set -eu',
    'for loader in /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.*; do [ -e "$loader" ] && break; done',
    `cp -L "$loader" ${TOOLS_DIR}/loader`,
    `cp -L /bin/cp ${TOOLS_DIR}/cp`,
    `"$loader" --list /bin/cp | sed -n 's/.* => \\(\\/[^ ]*\\).*/\\1/p' | while read -r file; do cp -L "$file" ${TOOLS_DIR}/; done`,
  ].join('\n');
  return {
    name: 'kwasm-tools',
    ...pulled(image, imagePullPolicy),
    command: ['/bin/sh', '-c', script],
    volumeMounts: [{ name: TOOLS, mountPath: TOOLS_DIR }],
  };
}

function copier(
  volume: string,
  { reference, path }: ImageSource['image'],
  { imagePullPolicy }: V1Container,
): V1Container {
  const cp = [`${TOOLS_DIR}/loader`, '--library-path', TOOLS_DIR, `${TOOLS_DIR}/cp`];
  return {
    name: `copy-${volume}`,
    ...pulled(reference, imagePullPolicy),
    // From the root of the image, with the directories of the path, as the volume would have it.
    command: [...cp, '--parents', '--dereference', `./${path}`, COPIED_DIR],
    workingDir: '/',
    securityContext: { runAsUser: 0, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    volumeMounts: [
      { name: TOOLS, mountPath: TOOLS_DIR, readOnly: true },
      { name: volume, mountPath: COPIED_DIR },
    ],
  };
}

function pulled(image: string | undefined, imagePullPolicy: string | undefined) {
  return { ...(image === undefined ? {} : { image }), ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }) };
}
