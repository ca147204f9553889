import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { faultNode } from '../faults/node.ts';
import { eventually } from '../harness/eventually.ts';
import { type FileMirror, startMirror } from '../harness/mirror.ts';
import { NAMESPACE } from '../harness/namespace.ts';
import { provisioned } from '../harness/nodes.ts';
import { installRelease, removeRelease } from '../harness/release.ts';
import {
  RCM_BINARY,
  RCM_GOES,
  RCM_LEAVES,
  RCM_SHIM,
  RCM_SHIMS,
  rcmCrd,
  rcmShim,
} from '../harness/runtime-class-manager.ts';
import { ASSET, gatewayOf, ownAuthority, packed, RELEASE, sha256Of, shimBinary } from '../harness/shim-releases.ts';
import { type TestCluster, testCluster } from '../harness/test-cluster.ts';

interface RcmShim {
  readonly metadata: { readonly finalizers?: readonly string[] };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

const SHIM = RCM_SHIM;
const CONFIG = '/etc/containerd/config.toml';

/** A cluster of runtime-class-manager changes hands: its objects, its node, its RuntimeClass. The downloads are from a site's mirror. */
describe('a Shim of runtime-class-manager', function () {
  this.timeout(600_000);
  let test: TestCluster;
  let scratch: string;
  let mirror: FileMirror;
  let sha256: string;
  let name: string;

  /** On containerd 1.7, where all of its configuration is one file. */
  const node = () => faultNode(test, name, test.nodes.find((one) => one.name === name)?.containerd ?? '');
  const platform = { os: 'linux', arch: 'x86_64', location: `https:/${RELEASE}/${ASSET}` };

  before(async () => {
    test = await testCluster();
    name = test.nodes[1]?.name ?? '';
    scratch = mkdtempSync(join(tmpdir(), 'kwasm-rcm-'));
    const address = await gatewayOf(test, name);
    const { ca, server } = await ownAuthority(scratch, address);
    mirror = await startMirror(address, server);
    const archive = await packed(await shimBinary());
    sha256 = sha256Of(archive);
    mirror.serve(`${RELEASE}/${ASSET}`, { content: archive });
    await node().sh(RCM_LEAVES);
    await test.kubectl.apply(rcmCrd);
    await test.kubectl.run(['wait', '--for=condition=Established', `crd/${RCM_SHIMS}`, '--timeout=30s']);
    await test.kubectl.apply(rcmShim(SHIM, [platform], { spin: 'true' }));
    await test.kubectl.run(['label', 'node', name, 'spin=true']);
    await installRelease(test, [
      'kwasmOperator.installer.caConfigMap=site',
      `kwasmOperator.installer.mirror=${mirror.origin}`,
    ]);
    const data = { 'ca.crt': readFileSync(ca, 'utf8') };
    await test.kubectl.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'site', namespace: NAMESPACE },
      data,
    });
  });

  after(async () => {
    const left = await test.kubectl.run(['get', RCM_SHIMS, SHIM, '--ignore-not-found']);
    if (left !== '') {
      await test.kubectl.run(['patch', RCM_SHIMS, SHIM, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    }
    await test.kubectl.run(['delete', 'crd', RCM_SHIMS, '--ignore-not-found']);
    await test.kubectl.run(['label', 'node', name, 'spin-']);
    await removeRelease(test);
    await node().sh(RCM_GOES);
    await mirror.close();
    rmSync(scratch, { recursive: true });
  });

  async function says(reason: string): Promise<RcmShim & { readonly message: string }> {
    return eventually(`the Shim says ${reason}`, 240_000, async (seen) => {
      const found = await test.kubectl.get<RcmShim>([RCM_SHIMS, SHIM]);
      const ready = found.status?.conditions?.find(({ type }) => type === 'Ready');
      seen(JSON.stringify(found.status));
      return ready?.reason === reason ? { ...found, message: ready.message } : undefined;
    });
  }
  const label = async () => {
    const { metadata } = await test.kubectl.get<V1Node>(['node', name]);
    return metadata?.labels?.[`runtime.kwasm.sh/${SHIM}`];
  };
  const config = () => node().sh(`cat ${CONFIG}`);

  it('in its own operator’s hands is left to it, and the node gets the rest', async () => {
    expect((await says('HeldByOther')).message).to.contain('rcm.spinkube.dev/finalizer');
    await test.kubectl.run(['annotate', 'node', name, 'kwasm.sh/kwasm-node=true']);
    await provisioned(test.kubectl, name);
    expect(await label()).to.equal(undefined);
    expect(await config()).to.contain(RCM_BINARY);
  });

  it('handed over without a digest is refused, and says how to pin it', async () => {
    await test.kubectl.run([
      'patch',
      RCM_SHIMS,
      SHIM,
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/metadata/finalizers"}]',
    ]);
    expect((await says('NotPinned')).message).to.contain(`curl -fsSL ${platform.location} | sha256sum`);
    expect(await label()).to.equal(undefined);
  });

  it('with a digest is installed in the place of what lay there, and proved', async () => {
    const platforms = [{ ...platform, sha256 }];
    const patch = { spec: { fetchStrategy: { type: 'platforms', platforms } } };
    await test.kubectl.run(['patch', RCM_SHIMS, SHIM, '--type=merge', '-p', JSON.stringify(patch)]);
    await provisioned(test.kubectl, name, SHIM);
    const { metadata } = await says('Ready');
    expect(metadata.finalizers).to.deep.equal(['kwasm.sh/shim']);
    const text = await config();
    expect(text).not.to.contain(RCM_BINARY);
    expect(text).to.contain(`/opt/kwasm/shims/${SHIM}/`);
    expect(await test.kubectl.run(['get', 'runtimeclass', `wasmtime-${SHIM}`, '-o', 'jsonpath={.handler}'])).to.equal(
      SHIM,
    );
  });

  it('is deleted as ours are: off the node first', async () => {
    await test.kubectl.run(['delete', RCM_SHIMS, SHIM, '--timeout=110s']);
    expect(await label()).to.equal(undefined);
    expect(await config()).not.to.contain(`shims/${SHIM}/`);
  });
});
