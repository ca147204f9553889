import { expect } from 'chai';
import { projectSpinkube } from './spinkube.ts';

const sha256 = 'c'.repeat(64);
const location = 'https://example.com/containerd-shim-spin-v2-linux-x86_64.tar.gz';
const platform = { os: 'linux', arch: 'x86_64', location, sha256 };

function object(spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) {
  return {
    metadata: { name: 'spin-v2', uid: 'u', ...metadata },
    spec: {
      nodeSelector: { spin: 'true' },
      fetchStrategy: { type: 'platforms', platforms: [platform] },
      runtimeClass: { name: 'wasmtime-spin-v2', handler: 'spin-v2' },
      rolloutStrategy: { type: 'rolling', rolling: { maxUpdate: 2 } },
      containerdRuntimeOptions: { SystemdCgroup: 'true', Level: '3', Mode: '"fast"', Path: '/x' },
      ...spec,
    },
  };
}

describe("runtime-class-manager's Shim", () => {
  it('is read as one of ours', () => {
    const { spec, ...view } = projectSpinkube(object());
    expect(view).to.deep.include({ name: 'spin-v2', origin: 'spinkube', handler: 'spin-v2', managed: false });
    expect(spec.kind === 'spec' && spec.spec).to.deep.equal({
      version: sha256.slice(0, 12),
      handler: 'spin-v2',
      binary: 'containerd-shim-spin-v2',
      sources: [{ arch: 'amd64', https: { url: location, sha256 } }],
      nodeSelector: { spin: 'true' },
      runtimeClasses: [{ name: 'wasmtime-spin-v2' }],
      options: { SystemdCgroup: true, Level: 3, Mode: 'fast', Path: '/x' },
      rollout: { maxUnavailable: 2 },
    });
  });

  it('without a digest is refused, and the message says how to pin it', () => {
    for (const fetchStrategy of [
      { type: 'anonymousHttp', anonHttp: { location } },
      { platforms: [{ ...platform, sha256: undefined }] },
    ]) {
      const { spec } = projectSpinkube(object({ fetchStrategy }));
      expect(spec).to.include({ kind: 'problem', reason: 'NotPinned' });
      expect(spec.kind === 'problem' && spec.message).to.match(/curl -fsSL https:\/\/example.com.* \| sha256sum/);
    }
  });

  it('in its own operator’s hands is left to it', () => {
    const { spec } = projectSpinkube(object({}, { finalizers: ['rcm.spinkube.dev/finalizer'] }));
    expect(spec).to.include({ kind: 'problem', reason: 'HeldByOther' });
  });

  it('is refused for what we do not do: plain http, another operating system, nothing at all', () => {
    const wrong = [
      { platforms: [{ ...platform, location: 'http://example.com/x' }] },
      { platforms: [{ ...platform, os: 'windows' }] },
      {},
    ];
    for (const fetchStrategy of wrong) {
      expect(projectSpinkube(object({ fetchStrategy })).spec).to.include({ kind: 'problem', reason: 'Invalid' });
    }
    expect(projectSpinkube({}).spec.kind).to.equal('problem');
  });
});
