import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { accessFrom } from '../../src/oci/access.ts';
import { PLATFORMS, pushForBoth } from '../../src/oci/both-worlds.ts';
import { registrySettings } from '../../src/oci/endpoint.ts';
import { eventually } from '../harness/eventually.ts';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

const NAME = 'hard-module';
/** Six megabytes of code in one function: its compiler wants more than the 2 GiB that a node gives it at most. */
const STEPS = 800_000;
const REFUSED = /layer sha256:[0-9a-f]{64}: it is not compiled within what this node gives to one module, \d+ MiB/;

/** What the process is that compiles for this pod, by the line of its arguments: its user, its cgroup, how the kernel ranks it. */
const COMPILER = `
for pid in $(pgrep -f 'compile-layer [0-9]'); do
  grep ^Uid: /proc/$pid/status; grep -o 'kwasm-compiler$' /proc/$pid/cgroup; cat /proc/$pid/oom_score_adj
done
true
`;

/** An image whose module is small, and takes a compiler as much as it can get. */
describe('a module that is hard to compile', function () {
  this.timeout(1_200_000);
  let test: TestCluster;
  let node = '';
  let image = '';

  before(async () => {
    test = await testCluster();
    node = test.nodes[0]?.name ?? '';
    await installRelease(test);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    const target = `${test.images.registry}/${NAME}:latest`;
    const settings = registrySettings([test.images.registry.split('/')[0] ?? ''], []);
    const options = { platforms: PLATFORMS, earlier: 'replace' } as const;
    const pushed = await pushForBoth(hardModule(STEPS), NAME, target, accessFrom(process.env, settings), options);
    image = `${target}@${pushed.compiledOnce}`;
    await provisioned(test.kubectl, node);
  });
  after(async () => {
    await test.kubectl.run(['delete', 'pods', '-n', WORKLOADS, '-l', `story=${NAME}`, '--wait=true', '--timeout=120s']);
    await removeRelease(test);
  });

  function pod(name: string, what: string): V1Pod {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: WORKLOADS, labels: { story: NAME } },
      spec: {
        runtimeClassName: 'wasmtime',
        nodeSelector: { 'kubernetes.io/hostname': node },
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'guest', image: what }],
      },
    };
  }
  const stateOf = async (name: string) => {
    const { status } = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, name]);
    return status?.containerStatuses?.[0];
  };

  it('is compiled by a process without powers, in a cgroup of its own', async () => {
    await test.kubectl.apply(pod(NAME, image));
    const seen = await eventually('a compiler', 120_000, async (seen) => {
      const said = await test.exec(node)(['sh', '-c', COMPILER]);
      seen(said);
      return said.includes('Uid:\t65534') ? said : undefined;
    });
    expect(seen).to.match(/^Uid:(\t65534){4}\nkwasm-compiler\n1000$/m);
  });

  it('another pod starts meanwhile', async () => {
    await test.kubectl.apply(pod('beside-a-hard-one', test.fixtures.http));
    await eventually('it is ready', 120_000, async (seen) => {
      const status = await stateOf('beside-a-hard-one');
      seen(JSON.stringify(status?.state));
      return status?.ready === true ? true : undefined;
    });
  });

  it('is refused at the bound, in words that the pod has, and its containers are never made', async () => {
    const status = await eventually('the refusal', 900_000, async (seen) => {
      const found = await stateOf(NAME);
      const said = JSON.stringify([found?.state, found?.lastState]);
      seen(said);
      return REFUSED.test(said) ? found : undefined;
    });
    expect(status.ready).to.equal(false);
    expect(status.started).not.to.equal(true);
  });
});

/** One function that is all one chain of dependencies. */
function hardModule(steps: number): Buffer {
  const step = Buffer.from([0x20, 0, 0x6c, 0x20, 1, 0x73, 0x22, 0]); // x = (x * x) ^ y
  const body = Buffer.concat([
    Buffer.from([0, 0x20, 0]),
    ...Array.from({ length: steps }, () => step),
    Buffer.from([0x0b]),
  ]);
  const code = Buffer.concat([Buffer.from([1]), leb(body.length), body]);
  const head = Buffer.from('0061736d01000000' + '010701' + '60027f7f017f' + '03020100', 'hex');
  return Buffer.concat([head, Buffer.from([0x0a]), leb(code.length), code]);
}

function leb(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return Buffer.from([...bytes, left]);
    bytes.push((left & 0x7f) | 0x80);
  }
}
