import type { V1Deployment, V1Namespace, V1Node, V1Pod } from '@kubernetes/client-node';
import { JOB_LABEL } from '../../contract.ts';
import { projectNode } from '../../operator/decide/project.ts';
import { NODE } from '../../operator/kube/shapes.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Client } from '../kube/client.ts';
import { privilegedPod } from '../kube/privileged-pod.ts';
import { isArchived } from '../operator.ts';
import { judgeNodes } from './nodes.ts';
import { permissionChecks } from './permissions.ts';
import { type Answer, bad, ok, type Section, skipped, warn } from './result.ts';

/** What must be so before an install. */
export function before(client: Client, namespace: string): readonly Section[] {
  return [
    {
      title: 'Kubernetes',
      checks: [
        {
          title: 'the API server is of a version that is supported',
          ask: async () => judgeVersion(await client.get('read the version', '/version')),
        },
        { title: 'there are nodes that can be changed', ask: () => nodes(client) },
      ],
    },
    { title: 'Permissions', checks: permissionChecks(client, namespace) },
    {
      title: 'Admission',
      checks: [
        { title: `privileged pods are allowed in namespace ${namespace}`, ask: () => privileged(client, namespace) },
      ],
    },
    others(client),
  ];
}

/** Who else may change the same nodes; of interest before an install and after one. */
export function others(client: Client): Section {
  return {
    title: 'Others',
    checks: [
      { title: "KWasm's own operator is not there", ask: () => kwasm(client) },
      { title: 'runtime-class-manager is not there', ask: () => runtimeClassManager(client) },
    ],
  };
}

/** The oldest that watch, podFailurePolicy and podReplacementPolicy work with, and that the operator is tested against. */
const MINOR_MIN = 28;

export function judgeVersion({
  gitVersion,
  major,
  minor,
}: {
  gitVersion: string;
  major: string;
  minor: string;
}): Answer {
  const number = Number.parseInt(minor, 10);
  if (Number(major) === 1 && number < MINOR_MIN) {
    return bad(gitVersion, `upgrade the cluster: the operator needs Kubernetes 1.${MINOR_MIN} or newer`);
  }
  return ok(gitVersion);
}

async function nodes(client: Client): Promise<Answer> {
  const list = await client.list<V1Node>('list the nodes', '/api/v1/nodes', { shape: NODE });
  return judgeNodes(list.map((node) => projectNode(node)));
}

/** The API server judges a pod like the installer's and keeps nothing: Pod Security, webhooks and policies all speak. */
async function privileged(client: Client, namespace: string): Promise<Answer> {
  try {
    await client.get<V1Namespace>('read the namespace', `/api/v1/namespaces/${namespace}`);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.notFound) {
      return skipped('the namespace is not there yet; `kwasm install` makes it and labels it');
    }
    throw error;
  }
  const pod: V1Pod = privilegedPod({
    namespace,
    name: 'kwasm-check',
    node: undefined,
    image: 'kwasm-check.invalid/none:1',
    args: ['detect'],
  });
  delete pod.metadata?.labels?.[JOB_LABEL];
  try {
    await client.dryRun().create('try a privileged pod', `/api/v1/namespaces/${namespace}/pods`, pod);
    return ok();
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === EXIT.unreachable) throw error;
    return judgeRefusal(error.message, namespace);
  }
}

export function judgeRefusal(said: string, namespace: string): Answer {
  if (/PodSecurity/.test(said)) {
    return bad(said, `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=privileged --overwrite`);
  }
  if (/cannot create resource "pods"/.test(said)) return skipped('you may not make pods there, so it cannot be tried');
  return bad(said, `make an exception for namespace ${namespace} in the policy that the message names`);
}

async function deployments(client: Client): Promise<readonly V1Deployment[]> {
  return await client.list<V1Deployment>('list the Deployments', '/apis/apps/v1/deployments');
}

async function kwasm(client: Client): Promise<Answer> {
  return judgeKwasm(await deployments(client));
}

export function judgeKwasm(all: readonly V1Deployment[]): Answer {
  const old = all.find(isArchived);
  if (old === undefined) return ok();
  const { namespace = '', name = '' } = old.metadata ?? {};
  return warn(
    `Deployment ${namespace}/${name} runs KWasm's archived operator`,
    `take it over in place: kwasm upgrade --release ${name} -n ${namespace} (docs/compatibility.md)`,
  );
}

async function runtimeClassManager(client: Client): Promise<Answer> {
  const { groups } = await client.get<{ groups: readonly { readonly name: string }[] }>('list the API groups', '/apis');
  return judgeManager(
    groups.map(({ name }) => name),
    await deployments(client),
  );
}

export function judgeManager(groups: readonly string[], all: readonly V1Deployment[]): Answer {
  const running = all.find(({ metadata }) => /runtime-class-manager/.test(metadata?.name ?? ''));
  if (running !== undefined) {
    const { namespace = '', name = '' } = running.metadata ?? {};
    return bad(
      `Deployment ${namespace}/${name} changes the same containerd configuration`,
      'let only one of the two work on a node: scale it to 0 before you enable nodes here, or leave its nodes out',
    );
  }
  if (!groups.includes('runtime.spinkube.dev')) return ok();
  return warn(
    'its custom resources are still there, without its operator',
    'what it installed on nodes stays; `kwasm doctor NODE` shows it',
  );
}
