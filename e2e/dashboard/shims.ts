import { readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import type { Api } from '../../scripts/plane/api.ts';
import { root } from '../../scripts/testing/mocha.ts';
import { systemClock } from '../../src/clock.ts';

const SHIMS = '/apis/kwasm.sh/v1alpha1/shims';
const SERVED_MS = 30_000;

/** The chart's own definition, and two Shims as the operator leaves them. */
export async function createShims(api: Api, desired: number): Promise<void> {
  const objects = loadAll(readFileSync(`${root}/manifests/kwasm-operator.yaml`, 'utf8')) as ({ kind: string } | null)[];
  const body = objects.find((one) => one?.kind === 'CustomResourceDefinition');
  await api.change({ method: 'POST', path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body });
  await served(api);
  await create(api, 'wasmtime', '0.3.0', { desired, ready: desired, pending: 0, failed: 0, leaving: 0 });
  await create(api, 'spin', '0.25.1', { desired, ready: 3, pending: desired - 4, failed: 1, leaving: 0 });
}

async function served(api: Api): Promise<void> {
  for (const endMs = performance.now() + SERVED_MS; ; await systemClock.sleep(200)) {
    const there = await api.get(SHIMS).then(
      () => true,
      () => false,
    );
    if (there) return;
    if (performance.now() > endMs) throw new Error('the API server does not serve Shims');
  }
}

async function create(api: Api, name: string, version: string, nodes: object): Promise<void> {
  const common = { apiVersion: 'kwasm.sh/v1alpha1', kind: 'Shim', metadata: { name } };
  const sources = [{ arch: 'amd64', bundled: {} }];
  const spec = { version, handler: name, binary: `containerd-shim-${name}-v1`, sources };
  await api.change({ method: 'POST', path: SHIMS, body: { ...common, spec } });
  const contentType = 'application/merge-patch+json';
  await api.change({ method: 'PATCH', path: `${SHIMS}/${name}/status`, body: { status: { nodes } }, contentType });
}
