import { existsSync, readFileSync } from 'node:fs';

const STUB = '/etc/resolv.conf';
const UPLINK = '/run/systemd/resolve/resolv.conf';

/** This machine's name servers for its nodes, which cannot reach a resolver on our loopback address. */
export function nameServers(read: (file: string) => string | undefined = readIfThere): string {
  const stub = read(STUB) ?? '';
  return (
    reachable(stub) ?? reachable(read(UPLINK) ?? '') ?? '# this machine has no name server that a node could reach\n'
  );
}

function reachable(resolvConf: string): string | undefined {
  const lines = resolvConf.split('\n').filter((line) => /^\s*(nameserver|search|options)\s/.test(line));
  const kept = lines.filter((line) => !/^\s*nameserver\s+(127\.|::1)/.test(line));
  return kept.some((line) => /^\s*nameserver\s/.test(line)) ? `${kept.join('\n')}\n` : undefined;
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
