import type { Client } from '../kube/client.ts';
import { type Answer, bad, type Check, ok, warn } from './result.ts';

/** A right that a command of ours, or Helm for us, makes use of. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespaced: boolean;
  readonly for: 'status' | 'node' | 'install' | 'doctor';
}

const right = (
  who: Right['for'],
  group: string,
  resource: string,
  verbs: string,
  namespaced: boolean,
): readonly Right[] => {
  const [name = '', subresource] = resource.split('/');
  return verbs.split(' ').map((verb) => ({
    verb,
    group,
    resource: name,
    ...(subresource === undefined ? {} : { subresource }),
    namespaced,
    for: who,
  }));
};

export const RIGHTS: readonly Right[] = [
  ...right('status', '', 'nodes', 'list watch', false),
  ...right('status', '', 'pods', 'list', false),
  ...right('status', 'node.k8s.io', 'runtimeclasses', 'list', false),
  ...right('status', 'apps', 'deployments', 'list', false),
  ...right('status', '', 'configmaps', 'get', true),
  ...right('node', '', 'nodes', 'patch', false),
  ...right('node', '', 'configmaps', 'create delete', true),
  ...right('doctor', '', 'pods', 'create get delete', true),
  ...right('doctor', '', 'pods/log', 'get', true),
  ...right('install', '', 'namespaces', 'create patch', false),
  ...right('install', '', 'serviceaccounts', 'create', true),
  ...right('install', '', 'secrets', 'create list', true), // Helm keeps its releases there
  ...right('install', 'apps', 'deployments', 'create patch', true),
  ...right('install', 'rbac.authorization.k8s.io', 'clusterroles', 'create bind escalate', false),
  ...right('install', 'rbac.authorization.k8s.io', 'clusterrolebindings', 'create', false),
  ...right('install', 'rbac.authorization.k8s.io', 'roles', 'create', true),
  ...right('install', 'rbac.authorization.k8s.io', 'rolebindings', 'create', true),
];

/** May be had by another way: who holds all that a role grants may make it without `escalate`. */
const INSTEAD: ReadonlySet<string> = new Set(['bind', 'escalate']);

const PURPOSES = {
  status: { title: 'you may read what `status` and `version` show', verb: 'kwasm status' },
  node: { title: 'you may ask for Wasm on nodes', verb: 'kwasm node' },
  doctor: { title: 'you may run a diagnosis on a node', verb: 'kwasm doctor' },
  install: { title: 'you may install the operator', verb: 'kwasm install' },
} as const;

export function permissionChecks(client: Client, namespace: string): readonly Check[] {
  return (Object.keys(PURPOSES) as Right['for'][]).map((purpose) => ({
    title: PURPOSES[purpose].title,
    ask: async () => {
      const rights = RIGHTS.filter((one) => one.for === purpose);
      const answers = await Promise.all(
        rights.map(async (one) => ({ right: one, allowed: await isAllowed(client, one, namespace) })),
      );
      return judge(purpose, answers, namespace);
    },
  }));
}

export function judge(
  purpose: Right['for'],
  answers: readonly { readonly right: Right; readonly allowed: boolean }[],
  namespace: string,
): Answer {
  const missing = answers
    .filter(({ allowed, right: one }) => !allowed && !INSTEAD.has(one.verb))
    .map(({ right: one }) => named(one, namespace));
  if (missing.length === 0) return ok();
  const said = `missing: ${missing.join(', ')}`;
  const fix = `ask whoever gives rights in this cluster for them; without them \`${PURPOSES[purpose].verb}\` fails`;
  return purpose === 'status' ? bad(said, fix) : warn(said, fix);
}

function named({ verb, group, resource, subresource, namespaced }: Right, namespace: string): string {
  const what = [resource, subresource].filter(Boolean).join('/') + (group === '' ? '' : `.${group}`);
  return `${verb} ${what}${namespaced ? ` in ${namespace}` : ''}`;
}

async function isAllowed(
  client: Client,
  { verb, group, resource, subresource, namespaced }: Right,
  namespace: string,
): Promise<boolean> {
  const resourceAttributes = { verb, group, resource, subresource, ...(namespaced ? { namespace } : {}) };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const answer = await client.create<{ readonly status?: { readonly allowed?: boolean } }>(
    'ask for your permissions',
    path,
    body,
  );
  return answer.status?.allowed === true;
}
