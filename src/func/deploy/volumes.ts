import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { FuncError } from '../func-error.ts';
import type { FunctionFile } from '../function-file.ts';

type Entry = FunctionFile['run']['volumes'][number];

/** `run.volumes` as a pod's volumes and its container's mounts. */
export function volumesOf(entries: readonly Entry[]): {
  readonly volumes: readonly V1Volume[];
  readonly mounts: readonly V1VolumeMount[];
} {
  const volumes = new Map<string, V1Volume>();
  const mounts = entries.map((entry, index) => {
    const volume = volumeOf(entry, index);
    if (entry.path === undefined) {
      throw new FuncError('input', `run.volumes[${index}]: path is missing: where ${volume.name} appears`);
    }
    volumes.set(volume.name, volume);
    return { name: volume.name, mountPath: entry.path };
  });
  return { volumes: [...volumes.values()], mounts };
}

function volumeOf({ secret, configMap, persistentVolumeClaim, emptyDir }: Entry, index: number): V1Volume {
  if (secret !== undefined) return { name: volumeName('secret', secret), secret: { secretName: secret } };
  if (configMap !== undefined) return { name: volumeName('config', configMap), configMap: { name: configMap } };
  if (persistentVolumeClaim !== undefined) {
    const { claimName, readOnly } = persistentVolumeClaim;
    const claim = { claimName, ...(readOnly === undefined ? {} : { readOnly }) };
    return { name: volumeName('claim', claimName), persistentVolumeClaim: claim };
  }
  const { medium, sizeLimit } = emptyDir ?? {};
  const settings = { ...(medium === undefined ? {} : { medium }), ...(sizeLimit === undefined ? {} : { sizeLimit }) };
  return { name: `empty-${index}`, emptyDir: settings };
}

/** Objects may have dots and 253 characters in their names, volumes may not. */
function volumeName(prefix: string, name: string): string {
  return `${prefix}-${name.replaceAll('.', '-')}`.slice(0, 63).replace(/-+$/, '');
}
