import type {
  KubernetesObject,
  V1ConfigMap,
  V1Container,
  V1Deployment,
  V1Pod,
  V1PolicyRule,
} from '@kubernetes/client-node';
import { load, loadAll } from 'js-yaml';

/** The objects of a rendered chart, looked up as a test speaks of them. */
export class Rendered {
  readonly objects: readonly KubernetesObject[];

  constructor(text: string) {
    this.objects = loadAll(text).filter((object) => object !== null && object !== undefined) as KubernetesObject[];
  }

  /** The one object of that kind and, where there are several, name. */
  one<T extends KubernetesObject>(kind: string, name?: string): T {
    const found = this.objects.filter(
      (object) => object.kind === kind && (name === undefined || object.metadata?.name === name),
    );
    const [only] = found;
    if (only === undefined || found.length > 1) throw new Error(`${found.length} objects ${kind} ${name ?? ''}`);
    return only as T;
  }

  get deployment(): V1Deployment {
    return this.one('Deployment');
  }

  get operator(): V1Container {
    return only(this.deployment.spec?.template.spec?.containers);
  }

  get testContainer(): V1Container {
    return only(this.one<V1Pod>('Pod').spec?.containers);
  }

  env(name: string): string | undefined {
    return this.operator.env?.find((variable) => variable.name === name)?.value;
  }

  get config(): { readonly installer: Readonly<Record<string, unknown>> } & Readonly<Record<string, unknown>> {
    const text = this.one<V1ConfigMap>('ConfigMap').data?.['config.yaml'] ?? '';
    return load(text) as ReturnType<() => Rendered['config']>;
  }

  /** `verb group/resource` of every rule; hooks are not the operator's. */
  get grants(): readonly string[] {
    const rules = this.objects
      .filter(({ kind, metadata }) => /Role$/.test(kind ?? '') && metadata?.annotations?.['helm.sh/hook'] === undefined)
      .flatMap((role) => (role as { rules?: V1PolicyRule[] }).rules ?? []);
    return rules.flatMap(({ verbs, apiGroups = [], resources = [] }) =>
      verbs.flatMap((verb) =>
        apiGroups.flatMap((group) => resources.map((resource) => `${verb} ${group}/${resource}`)),
      ),
    );
  }
}

function only<T>(list: readonly T[] | undefined): T {
  const [first] = list ?? [];
  if (first === undefined || list?.length !== 1) throw new Error(`one was expected, not ${list?.length ?? 0}`);
  return first;
}
