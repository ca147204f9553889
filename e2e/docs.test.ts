import { expect } from 'chai';
import { loadAll } from 'js-yaml';
import { helmProgram, render } from '../scripts/chart/helm.ts';
import { type Progress, progressTo } from '../scripts/cluster/progress.ts';
import { docPages } from '../scripts/docs/pages.ts';
import { Plane } from '../scripts/plane/plane.ts';
import { createShims } from './dashboard/shims.ts';
import { eventually } from './harness/eventually.ts';

const MODULES = '/apis/wasm.serving.knative.dev/v1alpha1/namespaces/default/wasmmodules';

/** Objects of the documentation that people are meant to apply, judged by a real API server: with its schemas, its admission, and no write. */
const PATHS: Readonly<Record<string, string>> = {
  'v1 Pod': '/api/v1/namespaces/default/pods',
  'v1 ConfigMap': '/api/v1/namespaces/default/configmaps',
  'v1 Namespace': '/api/v1/namespaces',
  'v1 Service': '/api/v1/namespaces/default/services',
  'apps/v1 Deployment': '/apis/apps/v1/namespaces/default/deployments',
  'networking.k8s.io/v1 Ingress': '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
  'autoscaling/v2 HorizontalPodAutoscaler': '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
  'batch/v1 Job': '/apis/batch/v1/namespaces/default/jobs',
  'node.k8s.io/v1 RuntimeClass': '/apis/node.k8s.io/v1/runtimeclasses',
  'kwasm.sh/v1alpha1 Shim': '/apis/kwasm.sh/v1alpha1/shims',
  'wasm.serving.knative.dev/v1alpha1 WasmModule': MODULES,
};

/** Of programs that run elsewhere, and of no API server. */
const LOCAL =
  /^((kpt\.dev|kustomize\.config\.k8s\.io|config\.kubernetes\.io|fn\.kpt\.dev|example\.com)\/|\S+ FunctionPolicy$)/;

interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> };
}

const objects = docPages().flatMap(({ path, blocks }) =>
  blocks
    .filter(({ language }) => language === 'yaml')
    .flatMap(({ line, text }) =>
      (loadAll(text) as (Manifest | null)[])
        .filter(
          (one): one is Manifest => typeof one?.apiVersion === 'string' && !LOCAL.test(`${one.apiVersion} ${one.kind}`),
        )
        .map((object) => ({ where: `${path}:${line}: ${object.kind}`, object })),
    ),
);

describe('objects of the documentation', function () {
  this.timeout(120_000);
  let plane: Plane;

  before(async () => {
    const base = { name: 'docs', address: '127.88.0.6', fsync: false, apiServerFlags: [] };
    const progress = progressTo((line) => console.error(line));
    plane = await Plane.open({ ...base, progress, signal: new AbortController().signal });
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
    await plane.api.change({ method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts', body: account });
    for (const name of ['wasmtime', 'spin']) {
      const body = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name }, handler: name };
      await plane.api.change({ method: 'POST', path: '/apis/node.k8s.io/v1/runtimeclasses', body });
    }
    await createShims(plane.api, 1);
    await createModuleKind(progress);
  });

  after(async () => {
    await plane?.close();
  });

  /** The chart has it only where it is asked for. */
  async function createModuleKind(progress: Progress): Promise<void> {
    const set = ['imageRegistry=registry.example/kwasm', 'wasmModules.enabled=true'];
    const rendered = loadAll(await render(await helmProgram(progress), { set })) as (Manifest | null)[];
    const body = rendered.find((one) => one?.metadata?.name === 'wasmmodules.wasm.serving.knative.dev');
    await plane.api.change({ method: 'POST', path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body });
    await eventually('the API server serves WasmModules', 30_000, async () => (await plane.api.get(MODULES)) as object);
  }

  it('are some', () => expect(objects.length).to.be.greaterThan(2));

  for (const { where, object } of objects) {
    it(`${where} is taken`, async () => {
      const path = PATHS[`${object.apiVersion} ${object.kind}`];
      if (path === undefined) throw new Error(`${where}: no path of ${object.apiVersion} ${object.kind} is known here`);
      // Its own name may be taken; what is asked is whether the rest is right.
      const body = { ...object, metadata: { ...object.metadata, name: `${object.metadata?.name ?? 'docs'}-docs` } };
      await plane.api.change({ method: 'POST', path: `${path}?dryRun=All&fieldValidation=Strict`, body });
    });
  }

  it('are judged: a wrong field is refused', async () => {
    const body = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x' },
      spec: { containers: [{ name: 'c', imag: 'i' }] },
    };
    const path = '/api/v1/namespaces/default/pods?dryRun=All&fieldValidation=Strict';
    const said = await plane.api.change({ method: 'POST', path, body }).catch((error: Error) => error.message);
    expect(said).to.contain('imag');
  });
});
