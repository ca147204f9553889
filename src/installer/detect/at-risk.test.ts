import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Container, Cri, Sandbox } from '../cri/client.ts';
import { openHost } from '../host.ts';
import { sampleConfig, sampleFacts } from '../plan/sample-facts.ts';
import { assertPodsOutlive, suspectsOf } from './at-risk.ts';

const sandbox = (id: string, handler: string, ready = true): Sandbox => ({
  id,
  pod: `a/${id}`,
  podUid: id,
  ready,
  handler,
});
const container = (id: string, sandboxId: string, state: Container['state'] = 'running'): Container => ({
  id,
  sandboxId,
  name: id,
  podUid: sandboxId,
  state,
  createdAtMs: 0,
});
const sandboxes = [sandbox('native', ''), sandbox('named', 'runc'), sandbox('wasm', 'spin'), sandbox('old', '', false)];
const containers = [
  container('c1', 'native'),
  container('c2', 'named'),
  container('c3', 'wasm'),
  container('c4', 'wasm', 'exited'),
  container('c5', 'old'),
];

describe('pods that may not outlive a restart', () => {
  function suspects(version: string): readonly string[] {
    const { runtime } = sampleFacts(version, sampleConfig(undefined));
    if (runtime.kind !== 'containerd') throw new Error('sample facts have a containerd');
    const live = [...runtime.live, { name: 'spin', type: 'io.containerd.spin.v2', options: {} }];
    return suspectsOf({ ...runtime, live }, sandboxes, containers).map(({ id }) => id);
  }

  it('are those on other shims than runc, from 2.0 on', () => {
    expect(suspects('2.1.4')).to.deep.equal(['c3']);
  });

  it('are all on 1.7: their sandboxes, too, whose process systemd may have moved away from where runc looks', () => {
    expect(suspects('1.7.27')).to.deep.equal(['native', 'named', 'wasm', 'c1', 'c2', 'c3']);
  });
});

describe('a unit whose restart', () => {
  const UNIT = 'containerd.service';
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-at-risk-'));
    process(10, 'containerd', `/system.slice/${UNIT}`);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function process(pid: number, comm: string, group: string): void {
    mkdirSync(join(root, String(pid)));
    writeFileSync(join(root, String(pid), 'comm'), `${comm}\n`);
    writeFileSync(join(root, String(pid), 'cgroup'), `0::${group}\n`);
  }

  async function asked(shown: string, exitCode = 0): Promise<unknown> {
    const { runtime } = sampleFacts('2.1.4', sampleConfig(undefined));
    if (runtime.kind !== 'containerd') throw new Error('sample facts have a containerd');
    const answer = { exitCode, timedOut: false, stdout: shown, stderr: '', why: 'no bus' };
    const host = { ...openHost('/nowhere', root), run: async () => answer };
    const cri = { sandboxes: async () => [], containers: async () => [] } as unknown as Cri;
    return assertPodsOutlive(host, runtime, cri, () => 0).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  for (const mode of ['control-group', 'mixed']) {
    it(`would end every pod is left alone: KillMode=${mode}`, async () => {
      process(20, 'containerd-shim', `/system.slice/${UNIT}`);
      const refusal = await asked(`LoadState=loaded\nKillMode=${mode}\n`);
      expect(refusal).to.include({ reason: 'PodsAtRisk' });
      expect((refusal as Error).message)
        .to.contain(`KillMode=${mode}`)
        .and.to.contain('systemctl edit');
    });
  }

  it('spares the shims is as good as any, wherever they are', async () => {
    expect(await asked('LoadState=loaded\nKillMode=control-group\n'), 'none').to.equal(undefined);
    process(20, 'containerd-shim', '/kubepods.slice/kubepods-pod1.slice');
    expect(await asked('LoadState=loaded\nKillMode=control-group\n'), 'elsewhere').to.equal(undefined);
    process(21, 'containerd-shim', `/system.slice/${UNIT}`);
    expect(await asked('LoadState=loaded\nKillMode=process\n'), 'not ended').to.equal(undefined);
  });

  for (const state of ['masked', 'not-found', 'bad-setting']) {
    it(`systemd would not carry out is not asked for: ${state}`, async () => {
      const refusal = await asked(`LoadState=${state}\nKillMode=process\n`);
      expect(refusal).to.include({ reason: 'NoUnit' });
      expect((refusal as Error).message)
        .to.contain(`${UNIT} runs`)
        .and.to.contain(state);
    });
  }

  it('nothing is known of is tried another time', async () => {
    expect(await asked('', 1))
      .to.be.an('error')
      .with.property('message', `systemctl show ${UNIT}: no bus`);
  });
});
