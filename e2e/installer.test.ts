import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { eventually } from './harness/eventually.ts';
import { difference, hostState } from './harness/host-state.ts';
import { removeInstallers, runInstaller, startInstaller } from './harness/installer-run.ts';
import { nodeReady } from './harness/nodes.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';
import { answer, podAddress, trafficPod, WORKLOADS } from './harness/workloads.ts';

const KILL = ['pkill', '-KILL', '-f', 'installer.mjs install'];
/** It would prove its change for so long that a test can do something to it meanwhile. */
const SLOW = { KWASM_SETTLE_SECONDS: '90' };
const REFUSE_START = '/run/systemd/system/containerd.service.d/refuse.conf';

/** The installer by itself, on every containerd generation: what it leaves on a node, whatever happens to it. */
describe('the installer on a node', function () {
  this.timeout(600_000);
  let test: TestCluster;
  const states = new Map<string, readonly string[]>();
  const bystanders = new Map<string, string>();

  before(async () => {
    test = await testCluster();
    for (const { name } of test.nodes) {
      await test.kubectl.apply(trafficPod(`bystander-${name}`, test.images.operator, name));
      await answer(`http://${await podAddress(test.kubectl, `app=bystander-${name}`)}:8080/`, 60_000);
      bystanders.set(name, await container(`bystander-${name}`));
      states.set(name, await hostState(test.exec(name)));
    }
  });
  after(async () => {
    for (const { name } of test.nodes)
      await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, `bystander-${name}`, '--ignore-not-found']);
  });
  afterEach(() => removeInstallers(test));

  const first = (): string => test.nodes[0]?.name ?? '';

  async function container(pod: string): Promise<string> {
    const { status } = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, pod]);
    return `${status?.containerStatuses?.[0]?.containerID} restarts=${status?.containerStatuses?.[0]?.restartCount}`;
  }

  /** Byte for byte what it was, with containerd serving and the pod beside it never restarted. */
  async function asBefore(node: string): Promise<void> {
    await nodeReady(test.kubectl, node);
    expect(difference(states.get(node) ?? [], await hostState(test.exec(node)))).to.deep.equal([]);
    expect(await container(`bystander-${node}`)).to.equal(bystanders.get(node));
  }

  const invocation = async (node: string): Promise<string> =>
    test.exec(node)(['systemctl', 'show', '-p', 'InvocationID', '--value', 'containerd']);

  /** Starts an install and returns once containerd has been restarted with the change, the proof still running. */
  async function inTheProof(node: string, env: Readonly<Record<string, string>>) {
    const before = await invocation(node);
    const run = await startInstaller(test, node, 'install', { ...SLOW, ...env });
    await eventually('containerd restarted by the installer', 60_000, async (seen) => {
      const journal = await test.exec(node)(['sh', '-c', 'cat /var/lib/kwasm/txn/*/journal.json']);
      seen(journal);
      return journal.includes('"stage": "restarting"') && (await invocation(node)) !== before ? true : undefined;
    });
    return run;
  }

  it('detect says what an install would do, and changes nothing', async () => {
    const run = await startInstaller(test, first(), 'detect');
    expect((await run.ended()).exitCode).to.equal(0);
    expect(await run.log()).to.match(/containerd 2\.3\.\d+/);
    expect(await run.log()).to.match(/\+\[plugins\..*\.containerd\.runtimes\.wasmtime\]/);
    await asBefore(first());
  });

  it('installs, finds nothing to do the second time, and uninstalls without a trace, on every generation', async () => {
    const life = async (name: string) => {
      const installed = await runInstaller(test, name, 'install');
      expect(installed.verdict).to.include({ outcome: 'installed', reason: 'Installed' });
      expect(installed.verdict.handlers).to.deep.equal(['wasmtime']);
      const running = await invocation(name);
      const again = await runInstaller(test, name, 'install');
      expect(again.verdict).to.include({ outcome: 'unchanged', reason: 'Unchanged' });
      expect(await invocation(name), 'containerd was not restarted').to.equal(running);
      expect((await runInstaller(test, name, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
      await asBefore(name);
    };
    await Promise.all(test.nodes.map(({ name }) => life(name)));
    expect((await runInstaller(test, first(), 'uninstall')).verdict).to.include({ outcome: 'absent' });
  });

  it('is killed while it proves its change: the host undoes it, and the next run says so', async () => {
    // The newest generation and the oldest: a drop-in, and a block in the root file.
    const killed = async (name: string) => {
      await inTheProof(name, { KWASM_SWITCH_SECONDS: '10' });
      await test.exec(name)(KILL);
      await eventually('the roll-back by the host', 60_000, async (seen) => {
        const outcome = await test.exec(name)(['sh', '-c', 'cat /var/lib/kwasm/txn/*/outcome']);
        seen(outcome);
        return outcome.startsWith('rolledBack deadman') ? true : undefined;
      });
      const next = await runInstaller(test, name, 'install', {}, `installer-${name}-next`);
      expect(next.verdict).to.include({ outcome: 'rolledBack', reason: 'SwitchFired' });
      expect(next.exitCode).to.equal(11);
      await asBefore(name);
    };
    const ends = [test.nodes[0], test.nodes.at(-1)].filter((node) => node !== undefined);
    await Promise.all(ends.map(({ name }) => killed(name)));
  });

  it('is killed, and its retry comes in time: it proves the change without another restart', async () => {
    const node = first();
    await inTheProof(node, {});
    await test.exec(node)(KILL);
    const running = await invocation(node);
    const retry = await runInstaller(test, node, 'install', {}, `installer-${node}-retry`);
    expect(retry.verdict).to.include({ outcome: 'installed' });
    expect(await invocation(node)).to.equal(running);
    expect((await runInstaller(test, node, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
    await asBefore(node);
  });

  it('leaves a node alone whose unit would take every pod along, and says what to do', async () => {
    const node = first();
    const sh = (script: string) => test.exec(node)(['sh', '-c', script]);
    const setting = '/run/systemd/system/containerd.service.d/killmode.conf';
    await sh(
      `mkdir -p $(dirname ${setting}) && printf '[Service]\\nKillMode=mixed\\n' >${setting} && systemctl daemon-reload`,
    );
    try {
      const { verdict } = await runInstaller(test, node, 'install');
      expect(verdict).to.include({ outcome: 'refused', reason: 'PodsAtRisk' });
      expect(verdict.message).to.contain('KillMode=mixed');
    } finally {
      await sh(`rm -r $(dirname ${setting}) && systemctl daemon-reload`);
    }
    await asBefore(node);
  });

  it('does not take a pod for lost that is done while the proof runs, as a Job of every minute is', async () => {
    const node = first();
    const name = `done-${node}`;
    const pod = trafficPod(name, test.images.operator, node);
    const untilTold = "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)";
    const containers = (pod.spec?.containers ?? []).map((one) => ({ ...one, command: ['node', '-e', untilTold] }));
    await test.kubectl.apply({ ...pod, spec: { ...pod.spec, containers, restartPolicy: 'Never' } });
    try {
      const inPhase = (phase: string, meanwhile: () => Promise<unknown>) =>
        eventually(`${name} is ${phase}`, 60_000, async (seen) => {
          const { status } = await test.kubectl.get<V1Pod>(['pod', '-n', WORKLOADS, name]);
          seen(status?.phase ?? 'no status');
          if (status?.phase === phase) return true;
          await meanwhile();
          return undefined;
        });
      await inPhase('Running', async () => {});
      const run = await inTheProof(node, { KWASM_SETTLE_SECONDS: '40' });
      // containerd, just restarted, may not answer the first time.
      const tell = ['exec', '-n', WORKLOADS, name, '--', 'node', '-e', 'process.kill(1)'];
      await inPhase('Succeeded', () => test.kubectl.run(tell));
      expect((await run.ended()).verdict).to.include({ outcome: 'installed' });
    } finally {
      await test.kubectl.run(['delete', 'pod', '-n', WORKLOADS, name, '--wait=true']);
    }
    expect((await runInstaller(test, node, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
    await asBefore(node);
  });

  it('finds its directory cleared by somebody: what is installed stays whole, and can be undone', async () => {
    const node = first();
    const sh = (script: string) => test.exec(node)(['sh', '-c', script]);
    expect((await runInstaller(test, node, 'install')).verdict).to.include({ outcome: 'installed' });
    const shims = await sh('find /opt/kwasm/shims -type f | sort');
    await sh('rm -r /var/lib/kwasm');
    for (const pod of ['first', 'second']) {
      const { verdict } = await runInstaller(test, node, 'install', {}, `installer-${node}-${pod}`);
      expect(verdict).to.include({ outcome: 'unchanged' });
      expect(await sh('find /opt/kwasm/shims -type f | sort')).to.equal(shims);
    }
    expect((await runInstaller(test, node, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
    // Which directories we had made, only the record knew.
    await sh('rmdir --ignore-fail-on-non-empty /etc/containerd/conf.d /etc/containerd/kwasm.d 2>/dev/null || true');
    await asBefore(node);
  });

  it('is told to stop: it puts everything back before it ends', async () => {
    const node = first();
    const run = await inTheProof(node, {});
    await test.exec(node)(['pkill', '-TERM', '-f', 'installer.mjs install']);
    expect((await run.ended()).verdict).to.include({ outcome: 'rolledBack', reason: 'Interrupted' });
    await asBefore(node);
  });

  it('lets only one run at a time touch the node', async () => {
    const node = first();
    const run = await inTheProof(node, { KWASM_SETTLE_SECONDS: '10' });
    const second = await runInstaller(test, node, 'install', {}, `installer-${node}-second`);
    expect(second.verdict).to.include({ outcome: 'failed', reason: 'Locked' });
    expect((await run.ended()).verdict).to.include({ outcome: 'installed' });
    expect((await runInstaller(test, node, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
    await asBefore(node);
  });

  it('finds that containerd does not start with the change: it is undone, and the message says so', async () => {
    const node = first();
    const refuse = '[Service]\nExecStartPre=/bin/sh -c "! test -e /etc/containerd/conf.d/kwasm.toml"\n';
    const set = `mkdir -p $(dirname ${REFUSE_START}) && cat >${REFUSE_START} && systemctl daemon-reload`;
    await test.cluster.exec(node, ['sh', '-c', set], { input: refuse });
    try {
      const { verdict, exitCode } = await runInstaller(test, node, 'install', { KWASM_VERIFY_SECONDS: '8' });
      expect(verdict).to.include({ outcome: 'rolledBack', reason: 'RestartFailed' });
      expect(verdict.message).to.contain('containerd.service');
      expect(exitCode).to.equal(11);
    } finally {
      await test.exec(node)(['sh', '-c', `rm -r $(dirname ${REFUSE_START}) && systemctl daemon-reload`]);
    }
    await asBefore(node);
  });

  it('leaves a configuration that is a link one, whether the change is undone at once or later', async () => {
    // Where the root file itself is changed.
    const node = test.nodes.find(({ containerd }) => containerd.startsWith('1.'))?.name ?? first();
    const sh = (script: string, input = '') => test.cluster.exec(node, ['sh', '-c', script], { input });
    await sh(
      'mkdir /opt/theirs && mv /etc/containerd/config.toml /opt/theirs/ && ln -s /opt/theirs/config.toml /etc/containerd/',
    );
    try {
      const linked = await hostState(test.exec(node));
      expect((await runInstaller(test, node, 'install')).verdict).to.include({ outcome: 'installed' });
      expect((await runInstaller(test, node, 'uninstall')).verdict).to.include({ outcome: 'uninstalled' });
      expect(difference(linked, await hostState(test.exec(node)))).to.deep.equal([]);
      const refuse = '[Service]\nExecStartPre=/bin/sh -c "! grep -rqs /opt/kwasm/shims /etc/containerd /opt/theirs"\n';
      await sh(`mkdir -p $(dirname ${REFUSE_START}) && cat >${REFUSE_START} && systemctl daemon-reload`, refuse);
      const { verdict } = await runInstaller(test, node, 'install', { KWASM_VERIFY_SECONDS: '8' });
      expect(verdict).to.include({ outcome: 'rolledBack', reason: 'RestartFailed' });
      expect(difference(linked, await hostState(test.exec(node)))).to.deep.equal([]);
    } finally {
      await sh(`rm -rf $(dirname ${REFUSE_START}) && systemctl daemon-reload`);
      await sh('mv /opt/theirs/config.toml /etc/containerd/config.toml && rmdir /opt/theirs');
    }
    await asBefore(node);
  });

  it('stays away from a machine that only took the name', async () => {
    const { verdict } = await runInstaller(test, first(), 'install', { KWASM_MACHINE_ID: 'f'.repeat(32) });
    expect(verdict).to.include({ outcome: 'refused', reason: 'OtherMachine' });
    await asBefore(first());
  });
});
