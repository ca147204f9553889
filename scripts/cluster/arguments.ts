import { parseArgs } from 'node:util';
import { Terminal } from '../../src/errors.ts';
import { ADDON_NAMES, type AddonName, isAddonName } from './addons/addon.ts';
import { DEFAULT_RANGE } from './local/plan.ts';
import { parseNodes } from './node-spec.ts';
import type { ClusterSpec } from './provider.ts';

export const DEFAULT_NAME = 'kwasm';

export type ProviderKind = 'local' | 'kind';

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'up'; readonly spec: ClusterSpec; readonly provider: ProviderKind | undefined }
  | {
      readonly kind: 'down' | 'status' | 'kubeconfig';
      readonly name: string;
      readonly provider: ProviderKind | undefined;
    }
  | { readonly kind: 'add' | 'remove'; readonly name: string; readonly addon: AddonName }
  | { readonly kind: 'exec'; readonly name: string; readonly node: string; readonly argv: readonly string[] };

export const USAGE = `npm run cluster -- COMMAND [--name NAME]

  up            make the cluster, or mend it; says where its kubeconfig and registry are
      --nodes 2.3,1.7       a node for each containerd version (1.6, 1.7, 2.1, 2.3, 2.4); 2.3:systemd for that cgroup driver
      --range ${DEFAULT_RANGE}   a private /16 of its own; several clusters need several
      --provider local|kind   default: what this machine can do, which is said
  status        nodes, addresses and what runs
  kubeconfig    prints the path: export KUBECONFIG=$(npm run -s cluster -- kubeconfig)
  add ADDON     ${ADDON_NAMES.join(', ')}; built the first time; 'remove ADDON' takes it away
  exec NODE -- COMMAND...   runs a command on a node, as root
  down          takes everything away again, but for the cache of built tools

  --name NAME   default: ${DEFAULT_NAME}`;

const OPTIONS = {
  name: { type: 'string', default: DEFAULT_NAME },
  nodes: { type: 'string' },
  range: { type: 'string' },
  provider: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export function parseCommand(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const { values, positionals } = parse(argv);
  const [verb = 'help', ...rest] = positionals;
  if (values.help || verb === 'help') return { kind: 'help' };
  const name = checkName(values.name);
  const provider = checkProvider(values.provider ?? env['KWASM_CLUSTER_PROVIDER']);
  if (verb !== 'up' && (values.nodes !== undefined || values.range !== undefined)) {
    throw new Terminal(`--nodes and --range belong to 'up', not to '${verb}'`);
  }
  if (verb === 'exec') return execCommand(name, rest);
  if (verb === 'add' || verb === 'remove') return addonCommand(verb, name, rest);
  if (rest.length > 0) throw new Terminal(`'${verb}' takes no argument '${rest[0]}'\n\n${USAGE}`);
  switch (verb) {
    case 'up':
      return { kind: 'up', provider, spec: requested(name, values) };
    case 'down':
    case 'status':
    case 'kubeconfig':
      return { kind: verb, name, provider };
    default:
      throw new Terminal(`'${verb}' is not a command\n\n${USAGE}`);
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Terminal(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

function requested(
  name: string,
  { nodes, range }: { nodes?: string | undefined; range?: string | undefined },
): ClusterSpec {
  return {
    name,
    ...(nodes === undefined ? {} : { nodes: parseNodes(nodes) }),
    ...(range === undefined ? {} : { range }),
  };
}

function execCommand(name: string, [node, ...argv]: readonly string[]): Command {
  if (node === undefined || argv.length === 0) throw new Terminal(`exec wants a node and a command\n\n${USAGE}`);
  return { kind: 'exec', name, node, argv };
}

function addonCommand(kind: 'add' | 'remove', name: string, rest: readonly string[]): Command {
  const [addon = ''] = rest;
  if (rest.length === 1 && isAddonName(addon)) return { kind, name, addon };
  throw new Terminal(`${kind} wants one add-on of ${ADDON_NAMES.join(', ')}, not '${rest.join(' ')}'`);
}

/** It becomes part of host names, of interface names (15 characters at most), of cgroups and of directories. */
function checkName(name: string): string {
  if (/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/.test(name)) return name;
  throw new Terminal(`--name ${name}: 2 to 12 lower-case letters, digits and dashes, beginning with a letter`);
}

function checkProvider(provider: string | undefined): ProviderKind | undefined {
  if (provider === undefined || provider === '') return undefined;
  if (provider === 'local' || provider === 'kind') return provider;
  throw new Terminal(`--provider ${provider}: there are 'local' and 'kind'`);
}
