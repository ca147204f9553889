import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { eventually } from './harness/eventually.ts';
import { provisioned } from './harness/nodes.ts';
import { ALL_AT_ONCE, installRelease, removeRelease } from './harness/release.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { WORKLOADS } from './harness/workloads.ts';

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string };
    readonly cpu?: { readonly usageCoreNanoSeconds?: number };
    readonly memory?: { readonly workingSetBytes?: number };
    readonly containers?: readonly { readonly memory?: { readonly workingSetBytes?: number } }[];
  }[];
}

/** A Wasm pod is a pod like others: what people know of pods holds, on every containerd generation. */
describe('a Wasm pod', function () {
  this.timeout(600_000);
  let test: TestCluster;

  before(async () => {
    test = await testCluster();
    await installRelease(test, ALL_AT_ONCE);
    await test.kubectl.run(['annotate', 'node', '--all', 'kwasm.sh/kwasm-node=true']);
    for (const { name } of test.nodes) await provisioned(test.kubectl, name);
    await test.kubectl.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'story', namespace: WORKLOADS },
      data: { line: 'from a ConfigMap' },
    });
  });

  afterEach(async () => {
    await test.kubectl.run(['delete', 'pods', '-n', WORKLOADS, '-l', 'story=wasm-pod', '--wait=true', '--timeout=90s']);
  });

  after(async () => {
    await test.kubectl.run(['delete', 'configmap', '-n', WORKLOADS, 'story']);
    await removeRelease(test);
  });

  /** The guest of e2e/fixtures/steps, doing `steps`, on `node`. */
  function guest(name: string, node: string, image: string, steps: readonly string[], memory = '256Mi'): V1Pod {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: WORKLOADS, labels: { story: 'wasm-pod' } },
      spec: {
        runtimeClassName: 'wasmtime',
        restartPolicy: 'Never',
        nodeSelector: { 'kubernetes.io/hostname': node },
        volumes: [{ name: 'story', configMap: { name: 'story' } }],
        containers: [
          {
            name: 'guest',
            image,
            args: [...steps],
            env: [{ name: 'GREETING', value: 'hello' }],
            resources: { limits: { memory } },
            volumeMounts: [{ name: 'story', mountPath: '/etc/story' }],
          },
        ],
      },
    };
  }

  async function statusOf(name: string): Promise<V1ContainerStatus | undefined> {
    const pod = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, name]);
    return pod.status?.containerStatuses?.find((status) => status.name === 'guest');
  }

  async function ended(name: string): Promise<NonNullable<NonNullable<V1ContainerStatus['state']>['terminated']>> {
    return eventually(`${name}: ended`, 120_000, async (seen) => {
      const status = await statusOf(name);
      seen(JSON.stringify(status?.state));
      return status?.state?.terminated;
    });
  }

  async function said(name: string, line: string): Promise<void> {
    await eventually(`${name}: says ${line}`, 120_000, async (seen) => {
      const log = await test.kubectl.run(['logs', '-n', WORKLOADS, name, '-c', 'guest']);
      seen(log);
      return log.includes(line) ? true : undefined;
    });
  }

  for (const kind of ['module', 'component'] as const) {
    it(`made of a ${kind} has arguments, environment, volumes, logs and an exit code`, async () => {
      const steps = ['args', 'env:GREETING', 'read:/etc/story/line', 'stderr:to stderr', 'exit:7'];
      const image = test.fixtures[kind];
      for (const { name } of test.nodes) await test.kubectl.apply(guest(`${kind}-${name}`, name, image, steps));
      for (const { name } of test.nodes) {
        const { exitCode } = await ended(`${kind}-${name}`);
        const log = await test.kubectl.run(['logs', '-n', WORKLOADS, `${kind}-${name}`]);
        expect(log).to.contain('args ').and.to.contain('env:GREETING');
        expect(log).to.contain('env GREETING=hello');
        expect(log).to.contain('read /etc/story/line: from a ConfigMap');
        expect(log).to.contain('to stderr');
        // wasi:cli/run knows success and failure, no numbers.
        expect(exitCode).to.equal(kind === 'module' ? 7 : 1);
      }
    });
  }

  /** The guest asleep, and a native container beside it. */
  function withSidecar(name: string, node: string): V1Pod {
    const pod = guest(name, node, test.fixtures.module, ['sleep:600']);
    pod.spec?.containers.push({
      name: 'native',
      image: test.images.operator,
      command: [
        'node',
        '-e',
        "console.log('native here'); process.on('SIGTERM', process.exit); setInterval(() => {}, 1000)",
      ],
    });
    return pod;
  }

  it('shares its pod with a native sidecar', async () => {
    for (const { name } of test.nodes) await test.kubectl.apply(withSidecar(`sidecar-${name}`, name));
    for (const { name } of test.nodes) {
      await said(`sidecar-${name}`, 'sleeping 600 s');
      const pod = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, `sidecar-${name}`]);
      expect(pod.status?.containerStatuses?.map(({ state }) => state?.running !== undefined)).to.deep.equal([
        true,
        true,
      ]);
      expect(await test.kubectl.run(['logs', '-n', WORKLOADS, `sidecar-${name}`, '-c', 'native'])).to.contain(
        'native here',
      );
    }
  });

  /** Its address, and of each container the ID, state and restarts: what does not change while it simply runs. */
  async function running(name: string): Promise<{ readonly ip: string; readonly containers: readonly string[] }> {
    return eventually(`${name}: runs`, 120_000, async (seen) => {
      const { status } = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, name]);
      const all = status?.containerStatuses ?? [];
      const containers = all.map(
        ({ containerID, state, restartCount }) => `${containerID} ${Object.keys(state ?? {})} ${restartCount}`,
      );
      seen(containers.join('\n'));
      if (status?.podIP === undefined || !all.every(({ state }) => state?.running !== undefined)) return undefined;
      return { ip: status.podIP, containers };
    });
  }

  const onEach = (work: (node: string) => Promise<void>) => Promise.all(test.nodes.map(({ name }) => work(name)));

  it('runs on when containerd restarts, and can be deleted without a trace', async () => {
    await onEach(async (name) => {
      await test.kubectl.apply(withSidecar(`kept-${name}`, name));
      await test.kubectl.apply(guest(`serves-${name}`, name, test.fixtures.http, [], '1Gi'));
      await said(`kept-${name}`, 'sleeping 600 s');
      const pods = [`kept-${name}`, `serves-${name}`];
      const before = await Promise.all(pods.map(running));
      await test.exec(name)(['systemctl', 'restart', 'containerd']);
      // A pod from beginning to end: containerd serves again, and the kubelet has seen what became of the others.
      await test.kubectl.apply(guest(`next-${name}`, name, test.fixtures.module, ['exit:3']));
      expect((await ended(`next-${name}`)).exitCode).to.equal(3);
      expect(await Promise.all(pods.map(running))).to.deep.equal(before);
      const answer = await eventually(`${name}: HTTP`, 60_000, async () => {
        return (await fetch(`http://${before[1]?.ip}:8080/`, { signal: AbortSignal.timeout(5_000) })).status;
      });
      expect(answer).to.equal(200);
      await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, ...pods, `next-${name}`, '--timeout=25s']);
      expect(
        await left(
          name,
          before.flatMap(({ containers }) => containers),
        ),
      ).to.equal('');
    });
  });

  /** Processes of shims, and cgroups of the containers, which are given by ID. */
  async function left(node: string, containers: readonly string[]): Promise<string> {
    const names = containers.flatMap((text) => ['-o', '-name', `*${/[0-9a-f]{64}/.exec(text)?.[0]}*`]);
    const groups = await test.exec(node)(['find', '/sys/fs/cgroup', '-type', 'd', '(', ...names.slice(1), ')']);
    const shims = await test.cluster.exec(node, ['pgrep', '-fa', '^/opt/kwasm/shims/']);
    return groups + shims.stdout;
  }

  it('ends at once when it is told to', async () => {
    await onEach(async (name) => {
      await test.kubectl.apply(guest(`stopped-${name}`, name, test.fixtures.module, ['sleep:600']));
      await said(`stopped-${name}`, 'sleeping 600 s');
      // The grace period is 30 s: a pod that ignores SIGTERM would take as long.
      await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, `stopped-${name}`, '--wait=true', '--timeout=20s']);
    });
  });

  it('is held to its memory limit', async () => {
    for (const { name } of test.nodes) {
      await test.kubectl.apply(guest(`greedy-${name}`, name, test.fixtures.module, ['eat:512'], '128Mi'));
    }
    for (const { name } of test.nodes) {
      const { exitCode, reason } = await ended(`greedy-${name}`);
      expect(exitCode, `${name}: ${reason}`).to.equal(137);
    }
  });

  it('has figures that are not zero', async () => {
    for (const { name } of test.nodes) {
      await test.kubectl.apply(guest(`measured-${name}`, name, test.fixtures.module, ['eat:32', 'sleep:600']));
    }
    for (const { name } of test.nodes) {
      await said(`measured-${name}`, 'sleeping 600 s');
      await eventually(`${name}: figures of the pod`, 90_000, async (seen) => {
        const path = `/api/v1/nodes/${name}/proxy/stats/summary`;
        const { pods } = JSON.parse(await test.kubectl.run(['get', '--raw', path])) as Summary;
        const pod = pods.find(({ podRef }) => podRef.name === `measured-${name}`);
        seen(JSON.stringify(pod));
        const bytes = pod?.containers?.[0]?.memory?.workingSetBytes ?? 0;
        const nanos = pod?.cpu?.usageCoreNanoSeconds ?? 0;
        const podBytes = pod?.memory?.workingSetBytes ?? 0;
        // More than it was granted would be the figure of something else: of the whole node, as it once was.
        const its = bytes > 32 * 2 ** 20 && bytes <= 256 * 2 ** 20;
        return its && nanos > 0 && podBytes > 32 * 2 ** 20 ? true : undefined;
      });
    }
  });
});
