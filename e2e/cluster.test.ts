import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Deployment, V1Pod, V1Service } from '@kubernetes/client-node';
import { expect } from 'chai';
import { execa } from 'execa';
import { bringUp, takeDown } from '../scripts/cluster/lifecycle.ts';
import { groupName } from '../scripts/cluster/local/cgroups.ts';
import { findGroups } from '../scripts/cluster/local/group-removal.ts';
import { ensureImage } from '../scripts/cluster/local/images.ts';
import { running } from '../scripts/cluster/local/processes.ts';
import { ensureRootfs } from '../scripts/cluster/local/rootfs.ts';
import { readSysctls } from '../scripts/cluster/local/sysctls.ts';
import { clusterDir } from '../scripts/cluster/paths.ts';
import { silent } from '../scripts/cluster/progress.ts';
import type { Cluster } from '../scripts/cluster/provider.ts';
import { eventually } from './harness/eventually.ts';
import { kubectlFor } from './harness/kubectl.ts';

/** A person's cluster stays what it is while a second one comes, works and goes without a trace. */
const NAME = 'kwasm-side';
const RANGE = '10.190.0.0/16';
const context = { progress: silent };
const spec = { name: NAME, range: RANGE, nodes: [{ containerd: '2.3', cgroupDriver: 'systemd' }] } as const;

describe('a second cluster beside the first', () => {
  let cluster: Cluster;
  let sysctls: Readonly<Record<string, number>>;

  before(async () => {
    await takeDown(NAME, 'local', context);
    sysctls = readSysctls();
    cluster = await bringUp(spec, 'local', context);
  });

  after(() => takeDown(NAME, 'local', context));

  it('has a node that is Ready, and answers HTTP through a Service', async () => {
    const kubectl = kubectlFor(cluster.kubectl, cluster.kubeconfig);
    const [node] = await cluster.nodes();
    const image = await ensureImage(await webServer(), cluster.registry, undefined);
    await kubectl.apply(deployment(image), service);
    const address = await eventually('the Service', 60_000, async () => {
      const { spec: found } = await kubectl.get<V1Service>(['service', 'web']);
      const answer = await fetch(`http://${found?.clusterIP}/`, { signal: AbortSignal.timeout(2_000) });
      return (await answer.text()) === 'served by a pod\n' ? found?.clusterIP : undefined;
    });
    const pods = await kubectl.get<{ items: readonly V1Pod[] }>(['pods', '-l', 'app=web']);
    expect(pods.items.map((pod) => pod.spec?.nodeName)).to.deep.equal([node?.name, node?.name]);
    // From a pod on the same node as the one that answers: the way back must be translated, too.
    const [pod] = pods.items;
    const ask = ['exec', pod?.metadata?.name ?? '', '--', '/busybox', 'sh', '-c'];
    const answer = await kubectl.run([...ask, `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | /busybox nc -w 3 ${address} 80`]);
    expect(answer).to.contain('served by a pod');
    const lookup = await kubectl.run([...ask, '/busybox nslookup -type=a web.default.svc.cluster.local']);
    expect(lookup).to.contain(address);
  });

  it('does nothing when it is asked for again, and starts what died', async () => {
    const before = running(clusterDir(NAME));
    await bringUp({ name: NAME }, undefined, context);
    expect(running(clusterDir(NAME))).to.deep.equal(before);
    const [api] = running(clusterDir(NAME), 'kube-apiserver');
    process.kill(api?.pid ?? Number.NaN, 'SIGKILL');
    await bringUp({ name: NAME }, undefined, context);
    expect(running(clusterDir(NAME), 'kube-apiserver').map(({ pid }) => pid))
      .to.have.length(1)
      .and.not.include(api?.pid);
  });

  it('loses a node whole in a crash, and boots it again as the same machine', async () => {
    const [node] = await cluster.nodes();
    const identity = async () => {
      const files = ['/etc/machine-id', '/proc/sys/kernel/random/boot_id'];
      const { stdout } = await cluster.exec(node?.name ?? '', ['cat', ...files]);
      return stdout.split('\n');
    };
    const [machine, boot] = await identity();
    await cluster.crash(node?.name ?? '');
    expect(findGroups(groupName(NAME, ''))).to.deep.equal([]);
    await cluster.boot(node?.name ?? '');
    const [machineAfter, bootAfter] = await identity();
    expect(machineAfter).to.equal(machine);
    expect(bootAfter).to.not.equal(boot);
  });

  it('shows its cgroups as a machine of its own does', async () => {
    const [node] = await cluster.nodes();
    const { stdout } = await cluster.exec(node?.name ?? '', ['cat', '/proc/1/cgroup']);
    expect(stdout)
      .to.match(/^\d+:(name=systemd)?:\/init\.scope$/m)
      .and.not.contain(NAME);
  });

  it('goes without a trace', async () => {
    await takeDown(NAME, undefined, context);
    expect(await traces()).to.deep.equal([]);
    expect(readSysctls()).to.deep.equal(sysctls);
  });

  it('goes without a trace also when `up` was interrupted', async () => {
    const script = new URL('../scripts/cluster/main.ts', import.meta.url).pathname;
    const up = spawn(process.execPath, [script, 'up', '--name', NAME, '--range', RANGE, '--nodes', '2.3'], {
      stdio: 'ignore',
    });
    await eventually('an API server that starts', 60_000, async () =>
      running(clusterDir(NAME), 'kube-apiserver').length > 0 ? true : undefined,
    );
    const ended = new Promise((resolve) => up.once('exit', resolve));
    up.kill('SIGINT');
    expect(await ended).to.equal(1);
    expect(await traces()).to.not.deep.equal([]);
    await takeDown(NAME, undefined, context);
    expect(await traces()).to.deep.equal([]);
    expect(readSysctls()).to.deep.equal(sysctls);
  });
});

/** Everything outside the cache, and the cluster's own directory inside it. */
async function traces(): Promise<readonly string[]> {
  const lines = async (file: string, ...args: readonly string[]) => (await execa(file, args)).stdout.split('\n');
  const named = (line: string) => line.includes(NAME);
  return [
    ...running(clusterDir(NAME)).map(({ role }) => `process ${role}`),
    ...findGroups(groupName(NAME, '')),
    ...(await lines('ip', '-brief', 'link')).filter(named),
    ...(await lines('ip', 'route', 'show', 'table', 'all')).filter((line) => named(line) || line.includes('10.190.')),
    ...(await lines('iptables-save')).filter((line) => named(line) || line.includes('10.190.')),
    ...readFileSync('/proc/self/mounts', 'utf8').split('\n').filter(named),
    ...(existsSync('/run/systemd/nspawn')
      ? await lines('find', '/run/systemd/nspawn', '-name', `*${NAME}*`)
      : []
    ).filter(Boolean),
    ...(existsSync(clusterDir(NAME)) ? [clusterDir(NAME)] : []),
  ];
}

async function webServer() {
  const program = join(await ensureRootfs(silent), 'usr/bin/busybox');
  const script = 'cd /tmp && echo served by a pod > index.html && exec /busybox httpd -f -p 8080';
  return { name: 'web:1', program, entrypoint: ['/busybox', 'sh', '-c', `/busybox mkdir -p /tmp && ${script}`] };
}

function deployment(image: string): V1Deployment {
  const labels = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } },
    },
  };
}

const service: V1Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
};
