import { expect } from 'chai';
import { eventually } from './harness/eventually.ts';
import { provisioned } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { answer, podAddress, WORKLOADS, wasmDeployment } from './harness/workloads.ts';

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string };
    readonly cpu?: { readonly usageCoreNanoSeconds?: number };
    readonly memory?: { readonly workingSetBytes?: number };
    readonly containers: readonly { readonly name: string; readonly memory?: { readonly workingSetBytes?: number } }[];
  }[];
}

/** A shim on the wrong cgroup driver reports zeros, and autoscaling breaks unseen (containerd/runwasi#821). */
describe('metrics of a Wasm pod', function () {
  this.timeout(600_000);
  let test: TestCluster;

  before(async () => {
    test = await testCluster();
    await installRelease(test);
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node=true']);
  });

  after(async () => {
    for (const { name } of test.nodes) {
      await test.kubectl.run([
        'delete',
        '-n',
        WORKLOADS,
        '--ignore-not-found',
        '--wait=true',
        `deployment/measured-${name}`,
        `service/measured-${name}`,
      ]);
      await eventually(`${name}: its pods are gone`, 60_000, async () =>
        (await test.kubectl.run(['get', 'pods', '-n', WORKLOADS, '-l', `app=measured-${name}`, '-o', 'name'])) === ''
          ? true
          : undefined,
      );
    }
    await removeRelease(test);
  });

  it('are not zero, on any node', async () => {
    for (const { name } of test.nodes) {
      await provisioned(test.kubectl, name);
      await test.kubectl.apply(...wasmDeployment(`measured-${name}`, test.images.demo, name));
      const ip = await podAddress(test.kubectl, `app=measured-${name}`);
      await answer(`http://${ip}:8080/`);
      await eventually(`${name}: figures of the pod`, 90_000, async (seen) => {
        const summary = JSON.parse(
          await test.kubectl.run(['get', '--raw', `/api/v1/nodes/${name}/proxy/stats/summary`]),
        ) as Summary;
        const pod = summary.pods.find(({ podRef }) => podRef.name.startsWith(`measured-${name}`));
        seen(JSON.stringify(pod));
        const bytes = pod?.containers[0]?.memory?.workingSetBytes ?? 0;
        const nanos = pod?.cpu?.usageCoreNanoSeconds ?? 0;
        if (bytes === 0 || nanos === 0) return undefined;
        expect(bytes).to.be.greaterThan(1_000_000);
        return true;
      });
    }
  });
});
