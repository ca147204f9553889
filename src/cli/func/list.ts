import { dump } from 'js-yaml';
import type { DeployedFunction } from '../../func/deploy/deployed-function.ts';
import { listFunctions } from '../../func/deploy/find.ts';
import { columns } from '../screen.ts';
import { withFunctionCluster } from './cluster.ts';
import { contextNamespace, type ShowFlags } from './target.ts';

export interface ListFlags extends Omit<ShowFlags, 'path'> {
  readonly allNamespaces?: true;
}

export async function showList(flags: ListFlags): Promise<void> {
  await withFunctionCluster(flags, async (cluster, client) => {
    const namespace = flags.allNamespaces === true ? undefined : contextNamespace(flags, client);
    const { functions, noModules } = await listFunctions(namespace, cluster);
    if (noModules) {
      console.error('the kind WasmModule is not in this cluster; wasmModules.enabled=true of our chart brings it');
    }
    if (flags.output === 'json') console.log(JSON.stringify(functions, null, 2));
    else if (flags.output === 'yaml') process.stdout.write(dump([...functions], { lineWidth: -1 }));
    else if (functions.length > 0) for (const line of table(functions)) console.log(line);
    else console.error(namespace === undefined ? 'no functions' : `no functions in namespace ${namespace}`);
  });
}

function table(functions: readonly DeployedFunction[]): readonly string[] {
  const rows = functions.map(({ name, namespace, runtime, deployer, url, ready }) => [
    name,
    namespace,
    runtime || '-',
    deployer || '-',
    url ?? '-',
    ready,
  ]);
  return columns([['NAME', 'NAMESPACE', 'RUNTIME', 'DEPLOYER', 'URL', 'READY'], ...rows]);
}
