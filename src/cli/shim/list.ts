import { CATALOGUE } from '../../shims/catalogue.ts';
import { resolveShim } from '../../shims/resolve.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Client, withClient } from '../kube/client.ts';
import { columns, painter, screenOf } from '../screen.ts';
import type { ListFlags } from '../shim.ts';
import { type ShimObject, type ShimRow, shimRows } from './view.ts';

const PATH = '/apis/kwasm.sh/v1alpha1/shims';

export async function listShims(flags: ListFlags): Promise<void> {
  const objects = flags.catalogue === true ? [] : await withClient(flags, shimObjects);
  const rows = shimRows(objects);
  if (flags.output === 'json') process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else if (flags.output === 'yaml')
    process.stdout.write((await import('js-yaml')).dump(JSON.parse(JSON.stringify(rows))));
  else process.stdout.write(`${lines(rows).join('\n')}\n`);
}

export async function showShim(name: string, flags: ListFlags): Promise<void> {
  const { dump } = await import('js-yaml');
  const print = (value: unknown) => process.stdout.write(dump(JSON.parse(JSON.stringify(value)), { lineWidth: -1 }));
  const objects = flags.catalogue === true ? [] : await withClient(flags, shimObjects);
  const object = objects.find(({ metadata }) => metadata.name === name);
  if (object !== undefined) {
    print({ ...object, metadata: { ...object.metadata, managedFields: undefined } });
    return;
  }
  const entry = Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined;
  if (entry === undefined) {
    const known = [...objects.map(({ metadata }) => metadata.name), ...Object.keys(CATALOGUE)].join(', ');
    throw new CliError(`there is no Shim ${name}, in the cluster or in the catalogue; there are: ${known}`, {
      exitCode: EXIT.notFound,
    });
  }
  if (entry.sources === undefined) return void print({ name, ...entry });
  print({ apiVersion: 'kwasm.sh/v1alpha1', kind: 'Shim', metadata: { name }, spec: resolveShim(name).spec });
}

/** A cluster of a release before there were Shims has none. */
export async function shimObjects(client: Client): Promise<readonly ShimObject[]> {
  try {
    return await client.list<ShimObject>('list the Shims', PATH);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.notFound) return [];
    throw error;
  }
}

function lines(rows: readonly ShimRow[]): readonly string[] {
  const paint = painter(screenOf(process.stdout, process.env).colour);
  const head = ['NAME', 'HANDLER', 'VERSION', 'NODES', 'STATE', 'PINNED'].map((cell) => paint('dim', cell));
  return columns([
    head,
    ...rows.map(({ name, handler, version, nodes, state, pinned }) => [
      name,
      handler,
      version,
      nodes === undefined
        ? ''
        : `${nodes.ready}/${nodes.desired}${nodes.failed > 0 ? ` (${nodes.failed} failed)` : ''}`,
      nodes === undefined ? paint('dim', state) : state,
      pinned.join(','),
    ]),
  ]);
}
