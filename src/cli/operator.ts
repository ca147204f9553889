import type { V1ConfigMap, V1Deployment } from '@kubernetes/client-node';
import { load } from 'js-yaml';
import * as z from 'zod';
import { messageOf } from '../errors.ts';
import type { ClusterFlags } from './cluster-flags.ts';
import { CliError, EXIT } from './exit.ts';
import type { Client } from './kube/client.ts';

/** What is found of the operator, by what its chart makes of it. */
export type OperatorFound =
  | { readonly kind: 'present'; readonly operator: Operator }
  | { readonly kind: 'absent'; readonly namespace: string }
  /** The permission to look is missing, or the objects are not as the chart makes them. */
  | {
      readonly kind: 'unknown';
      readonly namespace: string;
      readonly why: string;
      /** There is one, and it is not ours. */
      readonly foreign: boolean;
    };

export interface Operator {
  readonly namespace: string;
  readonly name: string;
  /** Of Helm; undefined: it was applied by something else. */
  readonly release: string | undefined;
  readonly image: string;
  readonly version: string;
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly mode: 'jobs' | 'daemonset';
  readonly autoProvision: boolean;
  /** What installs on nodes; our own image or a third party's. */
  readonly installImage: string;
  readonly installer: InstallerSettings;
  /** Deployments of KWasm's archived operator in other namespaces, which would work on the same nodes. */
  readonly beside: readonly string[];
}

export const NAMESPACE_DEFAULT = 'kwasm';
export const OPERATOR_SELECTOR = 'app.kubernetes.io/name=kwasm-operator';

const installerSchema = z.object({
  image: z.string(),
  imagePullPolicy: z.string().default('IfNotPresent'),
  imagePullSecrets: z.array(z.object({ name: z.string() })).default([]),
  priorityClassName: z.string().default(''),
  caConfigMap: z.string().default(''),
  env: z.array(z.object({ name: z.string() }).loose()).default([]),
});
export type InstallerSettings = z.infer<typeof installerSchema>;

const configSchema = z.object({ mode: z.enum(['jobs', 'daemonset']).default('jobs'), installer: installerSchema });

/** In the namespace that was named, or wherever it is. */
export async function findOperator(
  client: Client,
  { namespace }: Pick<ClusterFlags, 'namespace'>,
): Promise<OperatorFound> {
  const path =
    namespace === undefined ? '/apis/apps/v1/deployments' : `/apis/apps/v1/namespaces/${namespace}/deployments`;
  let found: readonly V1Deployment[];
  try {
    found = await client.list<V1Deployment>('look for the operator', path, { labelSelector: OPERATOR_SELECTOR });
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode !== EXIT.forbidden) throw error;
    if (namespace === undefined) return await findOperator(client, { namespace: NAMESPACE_DEFAULT });
    return { kind: 'unknown', namespace, why: error.message, foreign: false };
  }
  const ours = found.length > 1 ? found.filter((one) => !isArchived(one)) : found;
  const [deployment, other] = ours;
  if (deployment === undefined) return { kind: 'absent', namespace: namespace ?? NAMESPACE_DEFAULT };
  if (other !== undefined) {
    const places = ours.map(({ metadata }) => metadata?.namespace).join(', ');
    throw new CliError(
      `there is an operator in each of these namespaces: ${places}. Name one with -n; only one should run`,
      {
        exitCode: EXIT.unfit,
      },
    );
  }
  const beside = found
    .filter((one) => one !== deployment)
    .map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);
  return await readOperator(client, deployment, beside);
}

/** KWasm's, by its image's name in any registry; ours is called the same, below a path that people choose. */
export function isArchived({ spec }: V1Deployment): boolean {
  return (
    spec?.template.spec?.containers.some(({ image }) => /(^|\/)kwasm\/kwasm-operator[:@]/.test(image ?? '')) === true
  );
}

async function readOperator(
  client: Client,
  deployment: V1Deployment,
  beside: readonly string[],
): Promise<OperatorFound> {
  const { metadata, spec, status } = deployment;
  const namespace = metadata?.namespace ?? '';
  const name = metadata?.name ?? '';
  let config: V1ConfigMap;
  try {
    config = await client.get<V1ConfigMap>(
      "read the operator's configuration",
      `/api/v1/namespaces/${namespace}/configmaps/${name}`,
    );
  } catch (error) {
    if (!(error instanceof CliError) || (error.exitCode !== EXIT.forbidden && error.exitCode !== EXIT.notFound))
      throw error;
    return { kind: 'unknown', namespace, why: error.message, foreign: error.exitCode === EXIT.notFound };
  }
  let parsed: ReturnType<typeof configSchema.safeParse>;
  try {
    parsed = configSchema.safeParse(load(config.data?.['config.yaml'] ?? ''));
  } catch (error) {
    const why = `config.yaml in ConfigMap ${namespace}/${name} is not YAML: ${messageOf(error).split('\n')[0]}`;
    return { kind: 'unknown', namespace, why, foreign: false };
  }
  if (!parsed.success) {
    const why = `ConfigMap ${namespace}/${name} is not one of this operator's: KWasm's own, or another release`;
    return { kind: 'unknown', namespace, why, foreign: true };
  }
  const container = spec?.template.spec?.containers[0];
  const env = new Map(container?.env?.map((one) => [one.name, one.value ?? '']));
  const { mode, installer } = parsed.data;
  return {
    kind: 'present',
    operator: {
      namespace,
      name,
      release: metadata?.annotations?.['meta.helm.sh/release-name'],
      image: container?.image ?? '',
      version: metadata?.labels?.['app.kubernetes.io/version'] ?? '',
      replicas: spec?.replicas ?? 1,
      readyReplicas: status?.readyReplicas ?? 0,
      mode,
      autoProvision: env.get('AUTO_PROVISION_NODES')?.toLowerCase() === 'true',
      installImage: env.get('INSTALLER_IMAGE') || installer.image,
      installer,
      beside,
    },
  };
}

/** For commands that cannot do without it. */
export function requireOperator(found: OperatorFound): Operator {
  switch (found.kind) {
    case 'present':
      return found.operator;
    case 'absent':
      throw new CliError(
        `no operator in namespace ${found.namespace}: install it with \`kwasm install\`, or name its namespace with -n`,
        { exitCode: EXIT.notFound },
      );
    case 'unknown':
      throw new CliError(`the operator's configuration cannot be read: ${found.why}`, { exitCode: EXIT.forbidden });
  }
}
