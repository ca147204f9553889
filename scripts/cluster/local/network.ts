import { existsSync, writeFileSync } from 'node:fs';
import { Terminal } from '../../../src/errors.ts';
import { command, succeeds } from '../command.ts';
import { type Addresses, type NodeAddresses, overlapping } from './addresses.ts';

/** Interface names have at most 15 characters, and cluster names at most 12. */
export function bridgeName(cluster: string): string {
  return `kw-${cluster}`;
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

/** The cluster's bridge, and the rules by which its nodes reach the world through this machine. */
export async function ensureNetwork(cluster: string, addresses: Addresses): Promise<void> {
  const bridge = bridgeName(cluster);
  const routes: readonly Route[] = JSON.parse(await command('ip', ['-json', '-4', 'route', 'show', 'table', 'main']));
  const taken = overlapping(addresses.range, routes, bridge);
  if (taken.length > 0) {
    throw new Terminal(`${addresses.range} overlaps this machine's route ${taken.join(', ')}; choose another --range`);
  }
  if (!existsSync(`/sys/class/net/${bridge}`)) await command('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await command('ip', ['address', 'replace', `${addresses.bridge}/${addresses.bridgePrefix}`, 'dev', bridge]);
  // Pods of two nodes talk through the bridge's address; telling the nodes of a shorter way would only confuse them.
  writeFileSync(`/proc/sys/net/ipv4/conf/${bridge}/send_redirects`, '0');
  await command('ip', ['link', 'set', bridge, 'up']);
  for (const rule of rules(cluster, addresses)) await ensureRule(rule);
}

export async function routePods(cluster: string, { address, pods }: NodeAddresses): Promise<void> {
  await command('ip', ['route', 'replace', pods, 'via', address, 'dev', bridgeName(cluster)]);
}

export async function unroutePods(cluster: string, { pods }: NodeAddresses): Promise<void> {
  await succeeds('ip', ['route', 'delete', pods, 'dev', bridgeName(cluster)]);
}

/** This machine reaches Services through one node's kube-proxy. */
export async function routeServices(cluster: string, addresses: Addresses, node: NodeAddresses): Promise<void> {
  await command('ip', ['route', 'replace', addresses.services, 'via', node.address, 'dev', bridgeName(cluster)]);
}

interface Rule {
  readonly table: string;
  readonly chain: string;
  readonly match: readonly string[];
}

const COMMENT = 'kwasm-cluster';

function rules(cluster: string, { range }: Addresses): readonly Rule[] {
  const bridge = bridgeName(cluster);
  const comment = ['-m', 'comment', '--comment', `${COMMENT}:${cluster}`];
  return [
    { table: 'nat', chain: 'POSTROUTING', match: ['-s', range, '!', '-d', range, ...comment, '-j', 'MASQUERADE'] },
    // Docker and firewalls drop what is forwarded unless somebody accepts it.
    { table: 'filter', chain: 'FORWARD', match: ['-i', bridge, ...comment, '-j', 'ACCEPT'] },
    {
      table: 'filter',
      chain: 'FORWARD',
      match: ['-o', bridge, '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', ...comment, '-j', 'ACCEPT'],
    },
  ];
}

async function ensureRule({ table, chain, match }: Rule): Promise<void> {
  if (await succeeds('iptables', ['-w', '10', '-t', table, '-C', chain, ...match])) return;
  await command('iptables', ['-w', '10', '-t', table, '-I', chain, ...match]);
}

/** Interfaces take their addresses and routes with them; rules have to go one by one. */
export async function removeNetwork(cluster: string, addresses: Addresses): Promise<void> {
  for (const { table, chain, match } of rules(cluster, addresses)) {
    for (let count = 0; count < 10; count++) {
      if (!(await succeeds('iptables', ['-w', '10', '-t', table, '-D', chain, ...match]))) break;
    }
  }
  const bridge = bridgeName(cluster);
  if (existsSync(`/sys/class/net/${bridge}`)) await command('ip', ['link', 'delete', bridge]);
}

/** nspawn names the host's end of a node's link after the machine; a killed node's is buried a moment later. */
export async function removeNodeLink(machine: string): Promise<void> {
  await succeeds('ip', ['link', 'delete', `vb-${machine}`]);
}
