import { loadAll } from 'js-yaml';
import { fillTables } from './tables.ts';

/** What is read of a CustomResourceDefinition's schema (https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/). */
interface Field {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Field>>;
  readonly items?: Field;
  readonly additionalProperties?: Field | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message?: string }[];
}

interface Definition {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly schema?: { readonly openAPIV3Schema?: Field };
    }[];
  };
}

/** docs/api.md with every field of the kinds that this manifest defines. */
export function withApi(page: string, manifest: string): string {
  const definitions = (loadAll(manifest) as (Definition | null)[]).filter((one): one is Definition => {
    return one?.kind === 'CustomResourceDefinition';
  });
  const rows = definitions.flatMap(kindSections);
  return fillTables(page, { api: () => (rows.length > 0 ? rows : ['This version defines none.']) });
}

function kindSections({ spec }: Definition): readonly string[] {
  const { group, scope, names } = spec;
  return spec.versions
    .filter(({ served }) => served)
    .flatMap(({ name, schema }) => {
      const root = schema?.openAPIV3Schema ?? {};
      const parts = ['spec', 'status'].flatMap((part) => {
        const field = root.properties?.[part];
        return field === undefined ? [] : [[part, field] as const];
      });
      return [
        `## ${names.kind}`,
        '',
        `\`${group}/${name}\`, ${scope === 'Cluster' ? 'of the cluster' : 'in a namespace'}; \`kubectl get ${names.plural}.${group}\`. ${text(root)}`,
        ...rules(root),
        ...parts.flatMap(([part, field]) => section(part, field)),
        '',
      ];
    });
}

function section(name: string, field: Field): readonly string[] {
  return ['', `### ${name}`, '', text(field), '', '| field | type | |', '|---|---|---|', ...fieldRows(field, '')];
}

function fieldRows(parent: Field, at: string): readonly string[] {
  return Object.entries(parent.properties ?? {}).flatMap(([name, field]) => {
    const path = `${at}${name}`;
    const inner = field.items?.properties === undefined ? field : field.items;
    const needed = parent.required?.includes(name) === true ? ' **required.**' : '';
    const below = inner === field ? '' : '[]';
    const says = `${text(field)}${needed}${inner === field ? '' : ` ${text(inner)}`}`.trim();
    const also = [...facts(field), ...ruleTexts(field), ...(inner === field ? [] : ruleTexts(inner))];
    return [
      `| \`${path}\` | ${typeOf(field)} | ${cell([says, ...also].filter(Boolean).join(' '))} |`,
      ...fieldRows(inner, `${path}${below}.`),
    ];
  });
}

function typeOf(field: Field): string {
  if (field.enum !== undefined) return field.enum.map((one) => `\`${String(one)}\``).join(', ');
  if (field.type === 'array') return `list of ${field.items === undefined ? 'anything' : typeOf(field.items)}`;
  if (typeof field.additionalProperties === 'object') return `map to ${typeOf(field.additionalProperties)}`;
  return field.type ?? 'anything';
}

function facts({ minimum, maximum, maxLength, default: initial }: Field): readonly string[] {
  return [
    ...(initial === undefined ? [] : [`Default: \`${JSON.stringify(initial)}\`.`]),
    ...(minimum === undefined ? [] : [`At least ${minimum}.`]),
    ...(maximum === undefined ? [] : [`At most ${maximum}.`]),
    ...(maxLength === undefined ? [] : [`At most ${maxLength} characters.`]),
  ];
}

function rules(field: Field): readonly string[] {
  const texts = ruleTexts(field);
  return texts.length === 0 ? [] : ['', ...texts.map((one) => `- ${one}`)];
}

function ruleTexts(field: Field): readonly string[] {
  return (field['x-kubernetes-validations'] ?? []).map(({ rule, message }) => `Checked: ${message ?? `\`${rule}\``}.`);
}

function text({ description = '' }: Field): string {
  return description.trim().replaceAll('\n', ' ');
}

function cell(given: string): string {
  return given.replaceAll('|', '\\|').replace(/</g, '&lt;');
}
