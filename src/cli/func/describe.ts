import { dump } from 'js-yaml';
import type { DeployedFunction } from '../../func/deploy/deployed-function.ts';
import { findFunction } from '../../func/deploy/find.ts';
import { CliError, EXIT } from '../exit.ts';
import { columns } from '../screen.ts';
import { withFunctionCluster } from './cluster.ts';
import { type ShowFlags, targetOf } from './target.ts';

export async function describe(name: string | undefined, flags: ShowFlags): Promise<void> {
  await withFunctionCluster(flags, async (cluster, client) => {
    const target = await targetOf(name, flags, client);
    const { view } = await findFunction(target.namespace, target.name, cluster);
    switch (flags.output) {
      case 'json':
        console.log(JSON.stringify(view, null, 2));
        return;
      case 'yaml':
        process.stdout.write(dump(view, { lineWidth: -1, skipInvalid: true }));
        return;
      case 'url':
        if (view.url === undefined)
          throw new CliError(`${view.name} has no URL yet: ${view.reason} ${view.message}`.trim(), {
            exitCode: EXIT.unready,
          });
        console.log(view.url);
        return;
      case 'human':
        for (const line of columns(rows(view))) console.log(line);
    }
  });
}

function rows(view: DeployedFunction): readonly (readonly string[])[] {
  const labels = Object.entries(view.labels).map(([key, value]) => `${key}=${value}`);
  return [
    ['Name:', view.name],
    ['Namespace:', view.namespace],
    ['Runtime:', view.runtime || '-'],
    ['Deployer:', view.deployer],
    ['Route:', view.url ?? '-'],
    ...labels.map((label, at) => [at === 0 ? 'Labels:' : '', label]),
    ['Image:', view.image],
    ['Digest:', view.digest ?? '-'],
    ['Ready:', view.ready],
    ['Reason:', [view.reason, view.message].filter(Boolean).join(': ') || '-'],
  ];
}
