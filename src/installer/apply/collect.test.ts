import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { Cri } from '../cri/client.ts';
import { openHost } from '../host.ts';
import type { ContainerdFacts } from '../plan/facts.ts';
import { ROOT, sampleConfig, sampleFacts } from '../plan/sample-facts.ts';
import { collectShims } from './collect.ts';

const SHIMS = '/opt/kwasm/shims';
const version = (digit: string, handler = 'wasmtime') => `${SHIMS}/${handler}/${digit.repeat(16)}`;
const binary = (digit: string, handler = 'wasmtime') => `${version(digit, handler)}/containerd-shim-${handler}-v1`;

describe('old versions of the shims', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-collect-'));
    mkdirSync(join(root, 'proc'));
    for (const digit of ['a', 'b']) put(binary(digit));
    put(ROOT, `version = 3\nimports = ["/etc/containerd/conf.d/*.toml"]\n`);
    put('/etc/containerd/conf.d/kwasm.toml', `runtime_type = "${binary('b')}"\n`);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const host = () => openHost(root, join(root, 'proc'));
  const there = (path: string) => existsSync(join(root, path));

  function put(path: string, text = ''): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  function runs(pid: number, program: string): void {
    mkdirSync(join(root, 'proc', String(pid)), { recursive: true });
    symlinkSync(program, join(root, 'proc', String(pid), 'exe'));
  }

  /** The new version is written and served; what is known of the host is from before. */
  async function collect(served: readonly string[] = [binary('b')], dump: object = {}) {
    const runtimes = Object.fromEntries(served.map((type, n) => [`handler-${n}`, { runtimeType: type }]));
    const cri = { status: async () => ({ config: { containerd: { runtimes } } }) } as unknown as Cri;
    const { runtime } = sampleFacts('2.1.4', sampleConfig(`# ${binary('a')}\n`), { dump });
    return await collectShims(host(), cri, runtime as ContainerdFacts);
  }

  it('go when nothing needs them, and the one in use stays', async () => {
    await collect();
    expect([there(version('a')), there(binary('b'))]).to.deep.equal([false, true]);
  });

  it('go with the directory of a handler that is no longer there', async () => {
    put(binary('c', 'spin'));
    await collect();
    expect(there(`${SHIMS}/spin`)).to.equal(false);
  });

  const needs: readonly { readonly name: string; readonly by: () => void; readonly says: string }[] = [
    { name: 'a process runs from it', by: () => runs(77, binary('a')), says: 'pid 77' },
    {
      name: 'a process runs from it, its file replaced',
      by: () => runs(78, `${binary('a')} (deleted)`),
      says: 'pid 78',
    },
    {
      name: 'a sandbox was started with it',
      by: () => put('/run/containerd/io.containerd.runtime.v2.task/k8s.io/5e8/shim-binary-path', binary('a')),
      says: '5e8 was started with it',
    },
    {
      name: 'a file that containerd reads names it',
      by: () => put('/etc/containerd/conf.d/theirs.toml', `# runtime_type = "${binary('a')}"\n`),
      says: 'theirs.toml names it',
    },
  ];
  for (const { name, by, says } of needs) {
    it(`stay while ${name}`, async () => {
      by();
      const versions = await collect();
      expect(there(binary('a'))).to.equal(true);
      expect(versions.find(({ directory }) => directory === version('a'))?.neededBy).to.contain(says);
    });
  }

  it('stay while containerd serves them, whatever the files say', async () => {
    await collect([binary('a')]);
    expect(there(binary('a'))).to.equal(true);
  });

  it('stay while a sandbox needs them where containerd keeps its state elsewhere', async () => {
    put('/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/5e8/shim-binary-path', `${binary('a')}\n`);
    await collect(undefined, { state: '/run/k3s/containerd' });
    expect(there(binary('a'))).to.equal(true);
  });

  it('stay while a change is not ended: it may be undone to any of them', async () => {
    put('/var/lib/kwasm/txn/1-a/journal.json', 'of a newer installer');
    const error = await collect().then(() => undefined, String);
    expect(error).to.contain('another version of the installer');
    expect(there(binary('a'))).to.equal(true);
  });

  it('are told by their names: a directory that we cannot have made stays', async () => {
    put(`${SHIMS}/wasmtime/backup/containerd-shim-wasmtime-v1`);
    put(`${SHIMS}/notes.txt`);
    await collect();
    expect([there(`${SHIMS}/wasmtime/backup`), there(`${SHIMS}/notes.txt`)]).to.deep.equal([true, true]);
  });
});
