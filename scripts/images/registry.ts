import { isIPv4 } from 'node:net';
import { Terminal } from '../../src/errors.ts';

export type ImageName = 'operator' | 'installer' | 'demo' | 'canary' | 'runner';

/** As KWasm's; the chart puts the registry before them. */
export const REPOSITORIES: Readonly<Record<ImageName, string>> = {
  operator: 'kwasm-operator',
  installer: 'kwasm-node-installer',
  demo: 'kwasm-demo',
  canary: 'kwasm-canary',
  runner: 'kwasm-runner',
};

const REGISTRY = /^[a-z0-9.-]+(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;

/** HOST[:PORT][/PATH], as it comes before /kwasm-operator. */
export function checkRegistry(registry: string): string {
  if (REGISTRY.test(registry)) return registry;
  throw new Terminal(
    `'${registry}' is not a registry: HOST[:PORT][/PATH] is needed, without https:// and in lower case`,
  );
}

export function checkTag(tag: string): string {
  if (TAG.test(tag)) return tag;
  throw new Terminal(`'${tag}' is not an image tag: letters, digits, '_', '.' and '-', at most 128`);
}

/**
 * Whether a registry may be spoken to without TLS: on this machine, or at a private address written as a number, as the
 * registry of a test cluster is. A name is never taken for one, whatever it resolves to.
 */
export function isLocalRegistry(registry: string): boolean {
  const host = (registry.split('/')[0] ?? '').replace(/:\d+$/, '');
  if (host === 'localhost') return true;
  if (!isIPv4(host)) return false;
  const [a = 0, b = 0] = host.split('.').map(Number);
  return a === 127 || a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168);
}
