import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Node, V1PodList } from '@kubernetes/client-node';
import { expect } from 'chai';
import { EXIT } from '../src/cli/exit.ts';
import { bundledKwasm, type Kwasm, type Said } from './harness/cli.ts';
import { eventually } from './harness/eventually.ts';
import type { Kubectl } from './harness/kubectl.ts';
import { NAMESPACE } from './harness/namespace.ts';
import { conditionReason, nodeReady } from './harness/nodes.ts';
import { installRelease, removeRelease } from './harness/release.ts';
import { RCM_BINARY, RCM_GOES, RCM_LEAVES, RCM_SHIMS, rcmCrd } from './harness/runtime-class-manager.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

const CONFIG = '/etc/containerd/config.toml';
/** An import that is not there: the installer refuses such a node, and containerd goes on as it runs. */
const BROKEN_IMPORT = 'imports = ["/etc/kwasm-e2e-is-not-there.toml"]';

/** What a person does with the one file that is published. */
describe('kwasm, the command', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let kwasm: Kwasm;
  let first: string;
  let second: string;

  before(async () => {
    test = await testCluster();
    const [one, two] = test.nodes;
    if (one === undefined || two === undefined) throw new Error('the cluster has too few nodes');
    [first, second] = [one.name, two.name];
    await installRelease(test);
    kwasm = await bundledKwasm(test);
  });

  after(async () => {
    await test.exec(second)(['sed', '-i', '/kwasm-e2e-is-not-there/d', CONFIG]);
    await removeRelease(test);
    kwasm.remove();
  });

  function ended({ exitCode, out, err }: Said, code: number): void {
    expect(exitCode, `${out}\n${err}`).to.equal(code);
    if (code !== EXIT.ok) expect(`${out}${err}`, 'no stack traces').not.to.match(/\n\s+at .*[:)]\d+/);
  }

  it('status: nobody has asked for anything', async () => {
    const said = await kwasm.run('status');
    ended(said, EXIT.ok);
    expect(said.out)
      .to.match(/kwasm\/kwasm-operator .*1\/1 ready/)
      .and.to.contain('kwasm node enable');
  });

  it('check --pre: nothing is in the way', async () => {
    const said = await kwasm.run('check', '--pre');
    ended(said, EXIT.ok);
    expect(said.out).to.contain('✓ privileged pods are allowed in namespace kwasm');
  });

  it('node enable --wait, and then status, for people and for programs', async () => {
    const enabled = await kwasm.run('node', 'enable', first, '--wait');
    ended(enabled, EXIT.ok);
    expect(enabled.out).to.match(new RegExp(`✓ ${first} wasmtime`));
    const status = await kwasm.run('status', '-o', 'json');
    ended(status, EXIT.ok);
    const object = JSON.parse(status.out);
    expect(object).to.include({ kind: 'kwasm.sh/status', verdict: 'ready', wanted: 1 });
    expect(object.nodes[0]).to.include({ name: first, standing: 'ready', reason: 'Provisioned' });
    expect(object.classes[0]).to.include({ name: 'wasmtime', nodes: 1 });
  });

  it('check: every layer, down to the HTTP answer of a canary pod, which is gone afterwards', async () => {
    const said = await kwasm.run('check');
    ended(said, EXIT.ok);
    expect(said.out).to.match(new RegExp(`✓ a canary pod answers HTTP \\(on ${first} after .*WebAssembly`));
    const { items } = await test.kubectl.get<V1PodList>(['pods', '-n', NAMESPACE, '-l', 'kwasm.sh/doctor']);
    expect(items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)).to.deep.equal([]);
  });

  it('doctor: what is there, what an install would change, and what was done before', async () => {
    const done = await kwasm.run('doctor', first);
    ended(done, EXIT.ok);
    expect(done.out).to.contain('An install would change nothing');
    expect(done.out).to.match(/Journal\n.*install installed \(Installed\) in \d/);
    const untouched = await kwasm.run('doctor', second);
    ended(untouched, EXIT.ok);
    expect(untouched.out).to.contain('+# BEGIN kwasm').and.to.contain('no run is remembered');
  });

  it('logs, version, and a bundle without secrets', async () => {
    const log = await kwasm.run('logs', first);
    ended(log, EXIT.ok);
    expect(log.out)
      .to.match(/step {2}.*step=verify/)
      .and.to.contain('=> installed (Installed)');
    const version = await kwasm.run('version');
    expect(version.out).to.contain('client     0.0.0-e2e').and.to.contain('wasmtime on 1 node');
    const bundle = await kwasm.run('support-bundle', '-o', 'bundle.tar.gz', '--node', first);
    ended(bundle, EXIT.ok);
    expect(bundle.err, 'nothing is missing in it').to.equal('');
    const read = (path: string) =>
      execFileSync('tar', ['-xzOf', join(kwasm.directory, 'bundle.tar.gz'), `kwasm-support/${path}`], {
        encoding: 'utf8',
      });
    expect(JSON.parse(read('debug-state.json')).stages).to.include({ 'install done': 1 });
    expect(JSON.parse(read('nodes.json')).map(({ name }: { name: string }) => name)).to.include(first);
    expect(read(`doctor/${first}.txt`)).to.contain('Journal');
    const names = execFileSync('tar', ['-tzf', join(kwasm.directory, 'bundle.tar.gz')], { encoding: 'utf8' });
    expect(names)
      .to.match(/logs\/kwasm-operator-.*\.log/)
      .and.to.match(/logs\/.*kwasm-provision\.log/);
  });

  it('a node that is refused: the reason, the log, what to do, and how it is tried again once it is mended', async () => {
    await test.exec(second)(['sed', '-i', `1i ${BROKEN_IMPORT}`, CONFIG]);
    const said = await kwasm.run('node', 'enable', second, '--wait');
    ended(said, EXIT.unfit);
    expect(said.err).to.contain(`${second}: Refused: `).and.to.contain('kwasm-e2e-is-not-there.toml');
    expect(said.err, 'the log').to.match(/\| .*=> refused|\| .*verdict/);
    expect(said.err, 'what to do').to.contain('→ ');
    ended(await kwasm.run('status'), EXIT.unfit);
    const check = await kwasm.run('check', '--no-canary');
    ended(check, EXIT.unfit);
    expect(check.out).to.contain('✗ none has failed');
    const doctor = await kwasm.run('doctor', second);
    ended(doctor, EXIT.unfit);
    expect(doctor.out).to.match(/=> refused \(ConfigUnreadable\): .*kwasm-e2e-is-not-there\.toml/);
    await test.exec(second)(['sed', '-i', '/kwasm-e2e-is-not-there/d', CONFIG]);
    const retried = await kwasm.run('node', 'retry', second, '--wait');
    ended(retried, EXIT.ok);
    expect(retried.out).to.match(new RegExp(`✓ ${second} wasmtime`));
  });

  it('Ctrl-C while waiting: the wish stands, and the message says how to follow on', async () => {
    const said = await kwasm.interrupted(/● /, 'node', 'disable', second, '--wait');
    ended(said, EXIT.interrupted);
    expect(said.err).to.contain('kwasm status --watch').and.to.contain(`kwasm node enable ${second}`);
    const { metadata } = await test.kubectl.get<V1Node>(['node', second]);
    expect(metadata?.annotations).not.to.have.property('kwasm.sh/kwasm-node');
    ended(await kwasm.run('node', 'disable', second, '--wait'), EXIT.ok);
  });

  it('pause and resume, for everything', async () => {
    ended(await kwasm.run('node', 'pause', '--all', '--reason', 'a freeze'), EXIT.ok);
    expect((await kwasm.run('status')).out).to.contain('everything: a freeze');
    ended(await kwasm.run('node', 'resume', '--all'), EXIT.ok);
    expect((await kwasm.run('status')).out).not.to.contain('a freeze');
  });

  it('a node that waits is an exit code of its own', async () => {
    ended(await kwasm.run('node', 'pause', second), EXIT.ok);
    ended(await kwasm.run('node', 'enable', second), EXIT.ok);
    await conditionReason(test.kubectl, second, ['Paused']);
    ended(await kwasm.run('status'), EXIT.unready);
    ended(await kwasm.run('node', 'disable', second), EXIT.ok);
    ended(await kwasm.run('node', 'resume', second), EXIT.ok);
  });

  it('a dry run changes nothing', async () => {
    ended(await kwasm.run('node', 'enable', second, '--dry-run=server'), EXIT.ok);
    const { metadata } = await test.kubectl.get<V1Node>(['node', second]);
    expect(metadata?.annotations).not.to.have.property('kwasm.sh/kwasm-node');
  });

  describe('in the field:', () => {
    const shell = (script: string) => test.exec(second)(['sh', '-ec', script]);

    afterEach(async () => {
      await shell(`${CHANGEABLE_AGAIN}\nsystemctl restart kubelet\n${RCM_GOES}`);
      await nodeReady(test.kubectl, second);
      ended(await kwasm.run('node', 'disable', second, '--wait', '-n', NAMESPACE), EXIT.ok);
    });

    it('a node that is NotReady waits, and a look at it does not wait for long', async () => {
      await shell('systemctl stop kubelet');
      await silence(test.kubectl, second);
      ended(await kwasm.run('node', 'enable', second), EXIT.ok);
      await conditionReason(test.kubectl, second, ['NodeNotReady']);
      const status = await kwasm.run('status');
      ended(status, EXIT.unready);
      expect(status.out).to.match(new RegExp(`${second} +waiting \\(NotReady\\) +NodeNotReady`));
      const check = await kwasm.run('check', '--no-canary');
      ended(check, EXIT.ok);
      expect(check.out).to.match(/! all are done\n.*NodeNotReady/);
      const doctor = await kwasm.run('doctor', second);
      ended(doctor, EXIT.timeout);
      expect(doctor.out).to.contain(`${second} (NotReady)`);
      expect(doctor.err).to.match(/within 15 s .*it is NotReady/);
    });

    it('an operating system that cannot be changed is named before, refused, and the way out is told', async () => {
      await shell(UNCHANGEABLE);
      await eventually(`${second}: its kubelet tells of Bottlerocket`, 60_000, async (seen) => {
        const { status } = await test.kubectl.get<V1Node>(['node', second]);
        seen(status?.nodeInfo?.osImage ?? '');
        return status?.nodeInfo?.osImage.startsWith('Bottlerocket') ? true : undefined;
      });
      await nodeReady(test.kubectl, second);
      const pre = await kwasm.run('check', '--pre');
      ended(pre, EXIT.ok);
      expect(pre.out).to.contain(`${second}: Bottlerocket cannot be changed from a pod`);
      const enabled = await kwasm.run('node', 'enable', second, '--wait');
      ended(enabled, EXIT.unfit);
      expect(enabled.err).to.match(
        /Refused: .*\/opt.* cannot be written on Bottlerocket.*use nodes with another image/,
      );
      const status = await kwasm.run('status');
      ended(status, EXIT.unfit);
      expect(status.out).to.match(new RegExp(`✗ +${second} +failed +Refused`));
      const doctor = await kwasm.run('doctor', second);
      ended(doctor, EXIT.unfit);
      expect(doctor.out)
        .to.match(/read-only +.*\/opt/)
        .and.to.contain('refused (ReadOnlyHost)');
    });

    it('a cluster that is half migrated: what is left of KWasm and of its successor, and ours goes on', async () => {
      await test.kubectl.apply(rcmCrd, OLD_OPERATOR);
      try {
        await shell(RCM_LEAVES);
        const status = await kwasm.run('status');
        ended(status, EXIT.ok);
        expect(status.out).to.contain("beside KWasm's archived operator, default/kwasm-operator");
        for (const flags of [['--pre'], ['--no-canary']]) {
          const check = await kwasm.run('check', ...flags);
          ended(check, EXIT.ok);
          expect(check.out)
            .to.match(/! KWasm's own operator is not there\n.*default\/kwasm-operator/)
            .and.to.match(/! runtime-class-manager is not there\n.*without its operator/);
        }
        const doctor = await kwasm.run('doctor', second);
        ended(doctor, EXIT.ok);
        expect(doctor.out)
          .to.contain(`spin-v2 (${RCM_BINARY})`)
          .and.to.match(/left over +.*\/opt\/rcm\/bin\//);
      } finally {
        await test.kubectl.run(['delete', 'crd', RCM_SHIMS]);
        await test.kubectl.run(['delete', '-n', 'default', 'deployment', 'kwasm-operator']);
      }
    });
  });

  describe('says what is wrong, with an exit code of its own:', () => {
    it('an unknown node', async () => {
      const said = await kwasm.run('node', 'enable', 'nowhere');
      ended(said, EXIT.notFound);
      expect(said.err).to.contain(`there is no node nowhere; there are: ${first}`);
    });

    it('no permission', async () => {
      const nobody = ['--as', 'nobody', '--as-group', 'system:authenticated'];
      const said = await kwasm.run('status', ...nobody);
      ended(said, EXIT.forbidden);
      expect(said.err).to.contain('User "nobody" cannot list').and.to.contain('kwasm check --pre');
      const check = await kwasm.run('check', '--pre', ...nobody);
      ended(check, EXIT.unfit);
      expect(check.out).to.contain('missing: list nodes');
    });

    it('an API server that is away', async () => {
      const away = join(kwasm.directory, 'away');
      writeFileSync(away, readFileSync(test.cluster.kubeconfig, 'utf8').replace(/(https:\/\/[\d.]+):\d+/, '$1:9'));
      const said = await kwasm.run('status', '--kubeconfig', away);
      ended(said, EXIT.unreachable);
      expect(said.err)
        .to.match(/does not answer \(.*ECONNREFUSED/)
        .and.to.contain('/readyz');
    });

    it('no operator', async () => {
      const said = await kwasm.run('doctor', first, '-n', 'default');
      ended(said, EXIT.notFound);
      const check = await kwasm.run('check', '-n', 'default');
      ended(check, EXIT.unfit);
      expect(check.out).to.contain('kwasm install');
    });

    it('a wrong flag, and a wait that is too short', async () => {
      ended(await kwasm.run('status', '--nope'), EXIT.usage);
      const said = await kwasm.run('node', 'disable', first, '--wait', '--timeout', '1s');
      ended(said, EXIT.timeout);
      expect(said.err).to.contain('the operator goes on');
      ended(await kwasm.run('node', 'disable', '--all', '--wait'), EXIT.ok);
    });
  });
});

/** What the node controller writes when a kubelet has not been heard of for a minute. */
async function silence(kubectl: Kubectl, node: string): Promise<void> {
  const condition = {
    type: 'Ready',
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting',
  };
  const patch = JSON.stringify({ status: { conditions: [condition] } });
  await kubectl.run(['patch', 'node', node, '--subresource=status', '--type=strategic', '-p', patch]);
}

/** As Bottlerocket is to an installer: its name, and nowhere to write to. */
const UNCHANGEABLE = `
printf 'NAME=Bottlerocket\\nID=bottlerocket\\nPRETTY_NAME="Bottlerocket OS 1.50.0 (aws-k8s-1.36)"\\n' >/run/os-release.story
mount --bind /run/os-release.story "$(readlink -f /etc/os-release)"
mkdir -p /opt
mount --bind /opt /opt
mount -o remount,bind,ro /opt
systemctl restart kubelet
`;
const CHANGEABLE_AGAIN = `
if [ -e /run/os-release.story ]; then umount "$(readlink -f /etc/os-release)"; umount /opt; rm /run/os-release.story; fi
`;

/** As its chart left it, with nobody to run it. */
const OLD_OPERATOR = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'kwasm-operator', namespace: 'default', labels: { 'app.kubernetes.io/name': 'kwasm-operator' } },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'kwasm-operator' } },
    template: {
      metadata: { labels: { app: 'kwasm-operator' } },
      spec: { containers: [{ name: 'operator', image: 'ghcr.io/kwasm/kwasm-operator:v0.2.3' }] },
    },
  },
};
