import { bundledKwasm, type Kwasm } from './cli.ts';
import { provisioned } from './nodes.ts';
import { installRelease, removeRelease } from './release.ts';
import { type TestCluster, testCluster } from './test-cluster.ts';
import { WORKLOADS } from './workloads.ts';

const CRD = 'wasmmodules.wasm.serving.knative.dev';

/** Where functions are deployed to: an operator that looks after WasmModules, one node provisioned, and the command beside them. */
export interface FuncCluster {
  readonly test: TestCluster;
  readonly node: string;
  readonly kwasm: Kwasm;
  /** HOST:PORT, without TLS. */
  readonly host: string;
  /** Flags that push there. */
  readonly registry: readonly string[];
  /** Every WasmModule, the release and the command. */
  remove(): Promise<void>;
}

export async function funcCluster(env: Readonly<Record<string, string>> = {}): Promise<FuncCluster> {
  const test = await testCluster();
  const node = test.nodes[0]?.name ?? '';
  const host = test.images.registry.split('/')[0] ?? '';
  const registry = ['--registry', test.images.registry, '--plain-http', host];
  const kwasm = await bundledKwasm(test, env);
  const remove = async () => {
    await test.kubectl.run(['delete', 'wasmmodules', '-n', WORKLOADS, '--all', '--wait=true', '--timeout=90s']);
    await removeRelease(test);
    await test.kubectl.run(['delete', 'crd', CRD, '--wait=true', '--timeout=60s']);
    kwasm.remove();
  };
  await installRelease(test, ['wasmModules.enabled=true']);
  try {
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, node);
  } catch (error) {
    await remove();
    throw error;
  }
  return { test, node, kwasm, host, registry, remove };
}
