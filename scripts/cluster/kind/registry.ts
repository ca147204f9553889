import { command, succeeds } from '../command.ts';
import { VERSIONS } from '../versions.ts';
import { registryHosts } from './config.ts';

export function registryContainer(cluster: string): string {
  return `${cluster}-registry`;
}

const PULL_TIMEOUT_MS = 10 * 60_000;
const NETWORK = 'kind';

/** A registry beside the nodes, published on a loopback port that Docker chooses. Returns `localhost:PORT`. */
export async function ensureRegistry(cluster: string, signal?: AbortSignal): Promise<string> {
  const name = registryContainer(cluster);
  if (!(await succeeds('docker', ['inspect', name]))) {
    const run = ['run', '--detach', '--restart=always', '--name', name, '--publish', '127.0.0.1::5000'];
    await command('docker', [...run, VERSIONS.kindRegistry], { signal, timeoutMs: PULL_TIMEOUT_MS });
  }
  await command('docker', ['start', name]);
  const published = await command('docker', ['port', name, '5000/tcp']);
  return `localhost:${portOf(published)}`;
}

export function portOf(published: string): string {
  const port = /:(\d+)\s*$/m.exec(published)?.[1];
  if (port === undefined) throw new Error(`docker port said '${published}' and no port`);
  return port;
}

/** The nodes find it by its name on kind's network, since their own localhost is another one. */
export async function wireRegistry(cluster: string, registry: string, nodes: readonly string[]): Promise<void> {
  const container = registryContainer(cluster);
  const networks = await command('docker', ['inspect', '--format', '{{json .NetworkSettings.Networks}}', container]);
  if (!Object.hasOwn(JSON.parse(networks), NETWORK))
    await command('docker', ['network', 'connect', NETWORK, container]);
  const dir = `/etc/containerd/certs.d/${registry}`;
  for (const node of nodes) {
    const script = `mkdir -p ${dir} && cat > ${dir}/hosts.toml`;
    await command('docker', ['exec', '--interactive', node, 'sh', '-c', script], { input: registryHosts(container) });
  }
}
