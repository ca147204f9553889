import { TRIGGER } from '../../src/contract.ts';
import { type Api, inParallel } from '../plane/api.ts';
import { nodeName, nodeObject } from './node-object.ts';

const WORKERS = 16;
const MERGE_PATCH = 'application/merge-patch+json';

export async function createNodes(api: Api, from: number, to: number): Promise<void> {
  const createdAt = new Date().toISOString().replace(/\.\d+Z/, 'Z');
  await inParallel(range(from, to), WORKERS, async (index) => {
    const body = nodeObject(index, createdAt);
    await api.change({ method: 'POST', path: '/api/v1/nodes?fieldManager=kubelet', body });
  });
}

/** What a person does: `kubectl annotate node NAME kwasm.sh/kwasm-node=true`. */
export async function annotate(api: Api, name: string): Promise<void> {
  const body = { metadata: { annotations: { [TRIGGER]: 'true' } } };
  await api.change({ method: 'PATCH', path: `/api/v1/nodes/${name}`, body, contentType: MERGE_PATCH });
}

/** As fast as the API takes it. */
export async function annotateAll(api: Api, names: readonly string[]): Promise<void> {
  await inParallel(names, WORKERS, async (name) => await annotate(api, name));
}

export function names(count: number): readonly string[] {
  return range(0, count).map(nodeName);
}

/** Of one node, as it goes over the wire. */
export async function nodeBytes(api: Api, name: string): Promise<number> {
  return JSON.stringify(await api.get(`/api/v1/nodes/${name}`)).length;
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
