import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'smol-toml';
import { readConfig } from '../src/installer/detect/config.ts';
import { openHost } from '../src/installer/host.ts';
import type { Change, Plan } from '../src/installer/plan/change.ts';
import { unexpectedDifference } from '../src/installer/plan/difference.ts';
import type { Facts } from '../src/installer/plan/facts.ts';
import { declaredHandlers } from '../src/installer/plan/handlers.ts';
import { planInstall } from '../src/installer/plan/install.ts';
import { ROOT, sampleFacts, wasmtime } from '../src/installer/plan/sample-facts.ts';
import { shadowOf } from '../src/installer/plan/shadow.ts';
import { planUninstall } from '../src/installer/plan/uninstall.ts';
import { type TestCluster, testCluster } from './harness/test-cluster.ts';

const V1 = 'plugins.cri';
const V2 = 'plugins."io.containerd.grpc.v1.cri"';
const V3 = 'plugins."io.containerd.cri.v1.runtime"';
const SHADOW = '/var/tmp/kwasm-shadow';
const runc = (cri: string, systemdCgroup: boolean): string =>
  `[${cri}.containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n[${cri}.containerd.runtimes.runc.options]\nSystemdCgroup = ${systemdCgroup}\n`;

/** Root files as they occur, each for the generations that accept it. */
const roots: readonly { readonly name: string; readonly text: string | undefined; readonly since2?: true }[] = [
  { name: 'no file', text: undefined },
  { name: 'an empty file', text: '' },
  { name: 'no version, tables of version 1', text: `[${V1}]\nrestrict_oom_score_adj = true\n` },
  { name: 'version 2, no runtime declared', text: `version = 2\n[${V2}]\nrestrict_oom_score_adj = true\n` },
  { name: 'version 2 with runc', text: `version = 2\n${runc(V2, true)}` },
  {
    name: 'version 2, CRLF, no line break at the end',
    text: `version = 2\n${runc(V2, false)}`.trimEnd().replaceAll('\n', '\r\n'),
  },
  {
    name: 'version 2, dotted keys',
    text: `version = 2\n[${V2}.containerd]\nruntimes.runc.runtime_type = "io.containerd.runc.v2"\n`,
  },
  { name: 'version 2 above version 3 tables', text: `version = 2\n${runc(V3, true)}`, since2: true },
  {
    name: 'version 2 above tables of both',
    text: `version = 2\n[${V2}]\nenable_cdi = true\n${runc(V3, true)}`,
    since2: true,
  },
  { name: 'version 3, no runtime declared', text: 'version = 3\n', since2: true },
  { name: 'version 3 with runc', text: `version = 3\n${runc(V3, true)}`, since2: true },
  {
    name: 'version 3, an inline table',
    text: `version = 3\n[${V3}.containerd]\nruntimes = { runc = { runtime_type = "io.containerd.runc.v2" } }\n`,
    since2: true,
  },
];

/** What we plan is what the real daemons load: ours and nothing else differs, and an uninstall gives every byte back. */
describe('planned configurations, loaded by the containerd of each node', function () {
  this.timeout(300_000);
  let test: TestCluster;
  let host: string;
  before(async () => {
    test = await testCluster();
  });
  beforeEach(() => {
    host = mkdtempSync(join(tmpdir(), 'kwasm-shapes-'));
  });
  afterEach(() => rmSync(host, { recursive: true, force: true }));

  /** Merged and decoded by the node's own program, which reads only copies below a directory of ours. */
  async function load(
    node: string,
    files: readonly { readonly path: string; readonly text: string }[],
  ): Promise<unknown> {
    const exec = test.exec(node);
    await exec(['mkdir', '-p', SHADOW]);
    for (const { path, text } of files) await test.cluster.exec(node, ['sh', '-c', `cat >${path}`], { input: text });
    const [root] = files;
    const argv = root === undefined ? ['config', 'default'] : ['-c', root.path, 'config', 'dump'];
    const printed = await exec(['/usr/bin/containerd', ...argv]);
    await exec(['rm', '-r', SHADOW]);
    return parse(printed, { integersAsBigInt: 'asNeeded' });
  }

  async function factsOf(node: string, version: string): Promise<Facts> {
    const config = readConfig(openHost(host), ROOT);
    const dump = await load(node, config.root.kind === 'absent' ? [] : shadowOf(config, [], SHADOW));
    const live = declaredHandlers(dump).map(({ name, type }) => ({ name, type, options: {} }));
    return sampleFacts(version, config, { dump, live });
  }

  /** The plan, proved by the node's containerd, then carried out on our copy of the host. */
  async function prove(node: string, facts: Facts, plan: Plan): Promise<void> {
    expect(plan, JSON.stringify(plan)).to.have.property('kind', 'change');
    if (facts.runtime.kind !== 'containerd') throw new Error('no containerd in the facts');
    const planned = await load(node, shadowOf(facts.runtime.config, (plan as Change).files, SHADOW));
    expect(unexpectedDifference(facts.runtime.dump, planned, plan as Change)).to.equal(undefined);
    for (const { path, after } of (plan as Change).files) {
      const at = join(host, path);
      mkdirSync(dirname(at), { recursive: true });
      if (after.kind === 'file') writeFileSync(at, after.text);
      else rmSync(at);
    }
  }

  for (const { name, text, since2 } of roots) {
    it(name, async () => {
      for (const node of test.nodes) {
        if (since2 && node.containerd.startsWith('1.')) continue;
        rmSync(host, { recursive: true, force: true });
        mkdirSync(dirname(join(host, ROOT)), { recursive: true });
        if (text !== undefined) writeFileSync(join(host, ROOT), text);
        const version = `${node.containerd}.0`;
        const before = await factsOf(node.name, version);
        await prove(node.name, before, planInstall(before, [wasmtime]));
        const between = await factsOf(node.name, version);
        await prove(node.name, between, planUninstall(between, []));
        expect(readConfig(openHost(host), ROOT).root).to.deep.equal(readConfigOf(text));
      }
    });
  }

  const readConfigOf = (text: string | undefined) =>
    text === undefined ? { kind: 'absent', path: ROOT } : { kind: 'file', path: ROOT, text };
});
