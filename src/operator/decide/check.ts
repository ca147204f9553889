import type { Finding } from './reason.ts';
import type { NodeView } from './view.ts';

/** A reason not to send a Job to this node now. */
export type Check = (node: NodeView) => Finding | undefined;

export const checks: readonly Check[] = [
  notLinux, //      the shims are Linux binaries
  notReady, //      before the runtime: a node that has not reported yet is not Ready either
  notContainerd, // CRI-O, Docker: no containerd shim will ever run there
];

export function firstFinding(node: NodeView): Finding | undefined {
  for (const check of checks) {
    const finding = check(node);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

function notLinux({ os }: NodeView): Finding | undefined {
  if (os === 'linux' || os === '') return undefined; // '': the kubelet has not reported; the next check waits for it
  return { reason: 'NotLinux', message: `this node runs ${os}; WebAssembly shims need Linux` };
}

function notReady({ ready }: NodeView): Finding | undefined {
  if (ready) return undefined;
  return {
    reason: 'NodeNotReady',
    message: 'the kubelet does not report this node as Ready; nothing is changed until it does',
  };
}

function notContainerd({ runtime }: NodeView): Finding | undefined {
  if (runtime.startsWith('containerd://')) return undefined;
  return {
    reason: 'NotContainerd',
    message: `this node's container runtime is ${runtime || 'unknown'}; only containerd can be given WebAssembly shims`,
  };
}
