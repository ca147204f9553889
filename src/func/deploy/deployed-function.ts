import { DEPLOYER_ANNOTATION, type Kind, NAME_LABEL, RUNTIME_LABEL } from './kinds.ts';

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** A WasmModule or a Knative Service, as far as it is read here. */
export interface FunctionObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind?: string; readonly controller?: boolean }[];
  };
  readonly spec?: {
    readonly image?: string;
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
    readonly address?: { readonly url?: string } | null;
    readonly url?: string;
  };
}

/** A function as it is in a cluster. */
export interface DeployedFunction {
  readonly name: string;
  readonly namespace: string;
  readonly runtime: string;
  /** Of the annotation; empty where nobody has deployed it as a function. */
  readonly deployer: string;
  readonly image: string;
  /** Of the image, where its reference has one. */
  readonly digest: string | undefined;
  readonly url: string | undefined;
  /** True, False or Unknown. */
  readonly ready: string;
  readonly reason: string;
  readonly message: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function deployedFunction({ metadata = {}, spec, status }: FunctionObject): DeployedFunction {
  const labels = metadata.labels ?? {};
  const image = (spec?.image ?? spec?.template?.spec?.containers?.[0]?.image ?? '').replace(/^oci:\/\//, '');
  const condition = readyCondition(status);
  return {
    name: labels[NAME_LABEL] ?? metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    runtime: labels[RUNTIME_LABEL] ?? '',
    deployer: metadata.annotations?.[DEPLOYER_ANNOTATION] ?? '',
    image,
    digest: /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1],
    url: urlOf(status),
    ready: condition?.status ?? 'Unknown',
    reason: condition?.reason ?? '',
    message: condition?.message ?? '',
    labels,
  };
}

export function readyCondition(status: FunctionObject['status']): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

/** A Knative Service tells its public address in `url`, and that inside the cluster in `address`. */
export function urlOf(status: FunctionObject['status']): string | undefined {
  return status?.url ?? status?.address?.url;
}

/** Only what carries the deployer's annotation is described, changed and deleted: the rest was not deployed as a function. */
export function isHandledBy({ metadata }: FunctionObject, { deployer }: Kind): boolean {
  return metadata?.annotations?.[DEPLOYER_ANNOTATION] === deployer;
}
