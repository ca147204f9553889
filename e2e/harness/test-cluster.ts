import { openCluster } from '../../scripts/cluster/open.ts';
import type { Cluster, ClusterNode } from '../../scripts/cluster/provider.ts';
import type { BuiltImages } from '../../scripts/images/build.ts';
import type { Fixtures } from '../../scripts/shim/fixtures.ts';
import type { Exec } from './host-state.ts';
import { type Kubectl, kubectlFor } from './kubectl.ts';
import { namespaceSettled } from './namespace.ts';

/** What `npm run e2e` hands to the stories through the environment, as JSON in KWASM_E2E. */
export interface TestRun {
  readonly cluster: string;
  readonly images: BuiltImages;
  readonly fixtures: Fixtures;
}

export interface TestCluster {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly images: BuiltImages;
  readonly fixtures: Fixtures;
  /** The nodes the run began with. */
  readonly nodes: readonly ClusterNode[];
  /** Runs a command in a node and returns its stdout; throws when it fails. */
  exec(node: string): Exec;
}

export async function testCluster(): Promise<TestCluster> {
  const handed = process.env['KWASM_E2E'];
  if (handed === undefined)
    throw new Error('the stories need a cluster: run them with `npm run e2e [-- e2e/FILE.test.ts]`');
  const run = JSON.parse(handed) as TestRun;
  const cluster = await openCluster(run.cluster);
  const kubectl = kubectlFor(cluster.kubectl, cluster.kubeconfig);
  await namespaceSettled(kubectl); // of the story before
  return {
    cluster,
    kubectl,
    images: run.images,
    fixtures: run.fixtures,
    nodes: await cluster.nodes(),
    exec: (node) => async (argv) => {
      const { stdout, stderr, exitCode } = await cluster.exec(node, argv);
      if (exitCode !== 0) throw new Error(`${argv[0]} in ${node} ended with ${exitCode}: ${stderr}`);
      return stdout;
    },
  };
}
