import { loadAll } from 'js-yaml';
import { Bug } from '../../src/errors.ts';
import { helmProgram, render } from '../chart/helm.ts';
import type { Progress } from '../cluster/progress.ts';
import type { Api } from '../plane/api.ts';

export const NAMESPACE = 'kwasm';
export const ACCOUNT = 'kwasm-operator';
export const USER = `system:serviceaccount:${NAMESPACE}:${ACCOUNT}`;

const PATHS: Readonly<Record<string, (namespace: string) => string>> = {
  Namespace: () => '/api/v1/namespaces',
  CustomResourceDefinition: () => '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  ClusterRole: () => '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: () => '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  Role: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
};

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** Texts of config.yaml, by how careful the rollout is: without any limit, or as the chart's values have it. */
export interface Configs {
  readonly unlimited: string;
  readonly chart: string;
}

/** The operator's namespace, account and permissions as the chart's HA profile grants them, and no more. */
export async function install(api: Api, progress: Progress): Promise<Configs> {
  const helm = await helmProgram(progress);
  const chart = await rendered(helm, []);
  const namespace: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  // Its controller does not run here, and pods are refused without it.
  const account: Manifest = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: NAMESPACE },
  };
  for (const manifest of [namespace, account, ...chart]) {
    const path = PATHS[manifest.kind];
    if (path === undefined) continue; // what runs it in a cluster
    await api.change({ method: 'POST', path: path(manifest.metadata.namespace ?? ''), body: manifest });
  }
  return { unlimited: configOf(await rendered(helm, UNLIMITED)), chart: configOf(chart) };
}

async function rendered(helm: string, rollout: readonly string[]): Promise<readonly Manifest[]> {
  const settings = rollout.map((setting) => `kwasmOperator.rollout.${setting}`);
  const set = ['replicaCount=2', 'imageRegistry=registry.example/kwasm', ...settings];
  const objects = loadAll(await render(helm, { set, args: ['--no-hooks'] })) as readonly (Manifest | null)[];
  return objects.filter((manifest) => manifest !== null);
}

function configOf(objects: readonly Manifest[]): string {
  const config = objects.find(({ kind }) => kind === 'ConfigMap')?.data?.['config.yaml'];
  if (config === undefined) throw new Bug('the chart has no ConfigMap with config.yaml');
  return config;
}

const UNLIMITED = [
  'maxParallel=100000',
  'maxUnavailable=100%',
  'maxUnavailablePerZone=100%',
  'canary=false',
  'soakSeconds=0',
  'maxFailures=100000',
];

interface TokenRequest {
  readonly status: { readonly token: string };
}

export async function token(api: Api): Promise<string> {
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${ACCOUNT}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 86_400 } };
  return (await api.ask<TokenRequest>(path, body)).status.token;
}
