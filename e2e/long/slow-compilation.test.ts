import { readFileSync, writeFileSync } from 'node:fs';
import type { V1Pod } from '@kubernetes/client-node';
import { expect } from 'chai';
import { linkPackages } from '../../src/func/run/testing.ts';
import type { Kwasm } from '../harness/cli.ts';
import { type FuncCluster, funcCluster } from '../harness/func-cluster.ts';
import type { TestCluster } from '../harness/test-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

const SELECTOR = 'serving.knative.dev/service=slow';
/** Of one processor. The engine of a JavaScript function takes 8 to 19 s of it: more than is waited for, and less than the whole time. */
const SHARE_PERCENT = 5;
const SLOW_SECONDS = 170;

/** Gives the cgroup that the shim's compilers join little of a processor, for the time. The last compiler of a moment takes it away. */
const SLOWED = `
set -eu
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  dir=/sys/fs/cgroup/kwasm-compiler; file=cpu.max; little="\${1}000 100000"; all=max
else
  dir=/sys/fs/cgroup/cpu/kwasm-compiler; file=cpu.cfs_quota_us; little=\${1}000; all=-1
fi
end=$(($(date +%s) + $2))
while [ $(date +%s) -lt $end ]; do
  mkdir -p $dir && echo "$little" > $dir/$file || true
  sleep 0.2
done 2>/dev/null
echo $all > $dir/$file
rmdir $dir 2>/dev/null || true
`;

/** A component whose compilation takes longer than the kubelet waits for a container's start. */
describe('a function that is compiled for longer than a start may take', function () {
  this.timeout(1_200_000);
  let cluster: FuncCluster | undefined;
  let test: TestCluster;
  let kwasm: Kwasm;
  let node = '';

  before(async () => {
    cluster = await funcCluster();
    ({ test, kwasm, node } = cluster);
  });
  after(async () => await cluster?.remove());

  it('says Compiling, never that it has failed, and serves after one compilation; deploy waits for it', async () => {
    await kwasm.run('func', 'create', '-l', 'ts-wasi', 'slow');
    linkPackages(`${kwasm.directory}/slow`);
    const file = `${kwasm.directory}/slow/src/handler.ts`;
    const numbered = readFileSync(file, 'utf8')
      .replace('(request: Request)', '(request: Request, { env } = { env: {} as Record<string, string> })')
      .replace('from WASI!', "number $${env['REQUEST_ID']}!");
    writeFileSync(file, numbered);
    const built = await kwasm.run('func', 'build', '--path', 'slow');
    expect(built.exitCode, built.err).to.equal(0);
    const argv = ['sh', '-c', SLOWED, 'sh', String(SHARE_PERCENT), String(SLOW_SECONDS)];
    const slowed = test.cluster.exec(node, argv, { timeoutMs: (SLOW_SECONDS + 30) * 1000 });
    const host = test.images.registry.split('/')[0] ?? '';
    const began = performance.now();
    const beganAt = Date.now();
    const flags = ['--registry', test.images.registry, '--plain-http', host];
    const said = await kwasm.run('func', 'deploy', '--path', 'slow', ...flags);
    console.log(`      ${((performance.now() - began) / 1000).toFixed(0)} s\n${said.err.replaceAll(/^/gm, '      ')}`);
    expect((await slowed).stderr).to.equal('');
    expect(said.exitCode, said.err).to.equal(0);
    expect(said.err).to.match(/^Compiling: WebAssembly is still being compiled on this node after \d+ s; /m);
    expect(said.err).not.to.contain('tries again');
    const ids = [await kwasm.run('func', 'invoke', 'slow'), await kwasm.run('func', 'invoke', 'slow')];
    expect(ids.map(({ out }) => out)).to.deep.equal(['Hello number 0! Path: /', 'Hello number 1! Path: /']);
    const log = await test.exec(node)([
      'sh',
      '-c',
      `journalctl -u containerd --since @${Math.floor(beganAt / 1000)} --no-pager | grep 'compiled .* bytes of' || true`,
    ]);
    const { items } = await test.kubectl.get<{ items: V1Pod[] }>(['pods', '-n', WORKLOADS, '-l', SELECTOR]);
    const restarts = items.map(({ status }) => status?.containerStatuses?.[0]?.restartCount);
    console.log(`      restarts: ${restarts.join()}; ${log.trim()}`);
    expect(log.trim().split('\n')).to.have.length(1);
  });
});
