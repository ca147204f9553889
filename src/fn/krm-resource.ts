import { posix } from 'node:path';

export interface ResourceNames {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** '' where it says of no file. */
  readonly path: string;
}

const KUSTOMIZATION_FILES: readonly string[] = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** The first field that a KRM resource must have and this one has not, by kpt's rule: a kustomization needs none of them (kpt#2388). */
export function missingField(resource: ResourceNames): 'apiVersion' | 'kind' | 'metadata.name' | undefined {
  const { apiVersion, kind, name } = resource;
  if (apiVersion !== '' && kind !== '' && name !== '') return undefined;
  if (isKustomization(resource)) return undefined;
  return apiVersion === '' ? 'apiVersion' : kind === '' ? 'kind' : 'metadata.name';
}

function isKustomization({ apiVersion, kind, path }: ResourceNames): boolean {
  if (KUSTOMIZATION_FILES.includes(posix.basename(path))) return true;
  return apiVersion === '' ? kind === 'Kustomization' : apiVersion.startsWith('kustomize.config.k8s.io');
}
