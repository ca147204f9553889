import { delimiter } from 'node:path';
import { expect } from 'chai';
import { rustWasiThere } from '../../scripts/toolchain/rust-wasi.ts';
import type { Kwasm, Said } from '../harness/cli.ts';
import { type FuncCluster, funcCluster } from '../harness/func-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

/** The compiler of the author's machine, which `npm run rust-wasi` brings here, and the nodes that were provisioned. */
describe('kwasm func in Rust, on a cluster', function () {
  this.timeout(900_000);
  let cluster: FuncCluster | undefined;
  let kwasm: Kwasm;
  let registry: readonly string[];

  before(async function () {
    const bin = rustWasiThere();
    if (bin === undefined) return this.skip();
    cluster = await funcCluster({ PATH: `${bin}${delimiter}${process.env['PATH']}` });
    ({ kwasm, registry } = cluster);
  });
  after(async () => await cluster?.remove());

  const well = ({ exitCode, out, err }: Said) => {
    expect(exitCode, `${out}\n${err}`).to.equal(0);
    return { out, err };
  };
  const deploy = async () => {
    return well(await kwasm.run('func', 'deploy', '--path', 'hello', ...registry, '--timeout', '4m'));
  };

  it('from an empty directory to a URL that answers', async () => {
    well(await kwasm.run('func', 'create', '-l', 'rust-wasi', 'hello'));
    well(await kwasm.run('func', 'build', '--path', 'hello')); // minutes on a busy machine, which deploy has its own use for
    expect((await deploy()).out.trim()).to.equal(`http://hello.${WORKLOADS}.svc.cluster.local`);
    const asked = await kwasm.run('func', 'invoke', 'hello', '--request-path', '/a?b=c');
    expect(well(asked).out).to.equal('Hello from WASI! Path: /a');
  });

  it('nothing changed: no new build', async () => {
    expect((await deploy()).err)
      .to.contain('unchanged: ')
      .and.to.contain('already in the registry');
  });

  it('describe and delete, as in any language', async () => {
    expect(well(await kwasm.run('func', 'describe', 'hello')).out).to.match(/Ready: +True\nReason: +Serving/);
    expect(well(await kwasm.run('func', 'delete', 'hello')).out).to.contain('deleted WasmModule hello');
  });
});
