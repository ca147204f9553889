import type { GuestNetwork } from '../../../guest-network.ts';
import { parseQuantity } from '../../../quantity.ts';
import type { ModuleSpec } from './view.ts';

/**
 * What the shim reads of a module (docs/guest-policy.md). The network's form is that of knative-serving-wasm's runner; empty parts
 * are left out there, and so they are here.
 */
export interface WasiConfig {
  readonly network?: {
    readonly inherit?: true;
    readonly allowIpNameLookup?: boolean;
    readonly tcpBind?: readonly string[];
    readonly tcpConnect?: readonly string[];
    readonly udpBind?: readonly string[];
    readonly udpConnect?: readonly string[];
    readonly udpOutgoing?: readonly string[];
  };
  readonly limits?: { readonly memoryBytes?: number; readonly requestSeconds?: number };
}

/** Of the pod's memory one instance may have so much: the engine, the compiled code and other requests need the rest. */
const INSTANCE_SHARE = 0.5;

export function wasiConfig({ network, resources, serving }: ModuleSpec): WasiConfig {
  const memory = resources.limits?.['memory'];
  const bytes = memory === undefined ? undefined : parseQuantity(memory);
  const limits = {
    ...(bytes === undefined ? {} : { memoryBytes: Math.floor(bytes * INSTANCE_SHARE) }),
    ...(serving.requestSeconds === undefined ? {} : { requestSeconds: serving.requestSeconds }),
  };
  return {
    ...(network === undefined ? {} : { network: networkOf(network) }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

function networkOf({ inherit, allowIpNameLookup, tcp, udp }: GuestNetwork): NonNullable<WasiConfig['network']> {
  const list = <Key extends string>(key: Key, values: readonly string[]) =>
    (values.length === 0 ? {} : { [key]: values }) as { readonly [key in Key]?: readonly string[] };
  return {
    ...(inherit ? { inherit: true as const } : {}),
    allowIpNameLookup,
    ...list('tcpBind', tcp.bind),
    ...list('tcpConnect', tcp.connect),
    ...list('udpBind', udp.bind),
    ...list('udpConnect', udp.connect),
    ...list('udpOutgoing', udp.outgoing),
  };
}
