import { delimiter } from 'node:path';
import { expect } from 'chai';
import { rustWasiThere } from '../../scripts/toolchain/rust-wasi.ts';
import { bundledKwasm, type Kwasm, type Said } from '../harness/cli.ts';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';
import { WORKLOADS } from '../harness/workloads.ts';

/** The compiler of the author's machine, which `npm run rust-wasi` brings here, and the nodes that were provisioned. */
describe('kwasm func in Rust, on a cluster', function () {
  this.timeout(900_000);
  let test: TestCluster;
  let kwasm: Kwasm;

  before(async function () {
    const bin = rustWasiThere();
    if (bin === undefined) return this.skip();
    test = await testCluster();
    const node = test.nodes[0]?.name ?? '';
    await installRelease(test, ['wasmModules.enabled=true']);
    await test.kubectl.run(['annotate', 'node', node, 'kwasm.sh/kwasm-node=true']);
    kwasm = await bundledKwasm(test, { PATH: `${bin}${delimiter}${process.env['PATH']}` });
    await provisioned(test.kubectl, node);
  });
  after(async () => {
    if (kwasm === undefined) return;
    await test.kubectl.run(['delete', 'wasmmodules', '-n', WORKLOADS, '--all', '--wait=true', '--timeout=90s']);
    await removeRelease(test);
    await test.kubectl.run(['delete', 'crd', 'wasmmodules.wasm.serving.knative.dev', '--wait=true', '--timeout=60s']);
    kwasm.remove();
  });

  const well = ({ exitCode, out, err }: Said) => {
    expect(exitCode, `${out}\n${err}`).to.equal(0);
    return { out, err };
  };
  const deploy = async () => {
    const host = test.images.registry.split('/')[0] ?? '';
    const flags = ['--registry', test.images.registry, '--plain-http', host, '--timeout', '4m'];
    return well(await kwasm.run('func', 'deploy', '--path', 'hello', ...flags));
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
