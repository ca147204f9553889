import { answer, podAddress, WORKLOADS, wasmDeployment } from '../harness/workloads.ts';
import { containerOf, type FaultNode } from './node.ts';

export const wasmPod = (node: FaultNode): string => `wasm-${node.name}`;

/** Answers when it returns its container. */
export async function startWasmPod(node: FaultNode, handler = 'wasmtime'): Promise<string> {
  const { kubectl, fixtures } = node.test;
  const runtimeClass = {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: handler },
    handler,
  };
  await kubectl.apply(runtimeClass);
  await kubectl.apply(...wasmDeployment(wasmPod(node), fixtures.http, node.name, handler));
  const selector = `app=${wasmPod(node)}`;
  await answer(`http://${await podAddress(kubectl, selector)}:8080/`);
  return containerOf(node, selector);
}

export async function stopWasmPod(node: FaultNode): Promise<void> {
  const name = wasmPod(node);
  const objects = [`deployment/${name}`, `service/${name}`];
  await node.test.kubectl.run(['delete', '-n', WORKLOADS, '--ignore-not-found', ...objects]);
  await node.test.kubectl.run(['wait', '-n', WORKLOADS, '--for=delete', 'pod', '-l', `app=${name}`, '--timeout=60s']);
}
