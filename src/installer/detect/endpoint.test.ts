import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openHost } from '../host.ts';
import { findDaemon } from './daemon.ts';
import { criSockets } from './endpoint.ts';

const SOCKET = '/run/containerd/containerd.sock';
const POD =
  '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f3a9c1e_77aa_4d0e_9d5c_0a1b2c3d4e5f.slice/cri.scope';
const FLAG = `--container-runtime-endpoint=unix://${SOCKET}`;

describe("the kubelet's socket, and the daemon behind it", () => {
  let proc: string;
  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'kwasm-endpoint-'));
  });
  afterEach(() => rmSync(proc, { recursive: true, force: true }));

  function process(pid: number, comm: string, args: readonly string[], group: string, inode?: number): void {
    mkdirSync(join(proc, String(pid), 'fd'), { recursive: true });
    const files = {
      comm: `${comm}\n`,
      cmdline: args.map((arg) => `${arg}\0`).join(''),
      cgroup: `0::${group}\n`,
      stat: `${pid} (${comm}) S 1 `,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(proc, String(pid), name), text);
    symlinkSync(`/usr/bin/${comm}`, join(proc, String(pid), 'exe'));
    symlinkSync('/', join(proc, String(pid), 'cwd'));
    if (inode !== undefined) symlinkSync(`socket:[${inode}]`, join(proc, String(pid), 'fd/3'));
  }
  const host = () => openHost('/nowhere', proc);

  for (const [how, args] of [
    ['is told', ['kubelet', FLAG]],
    ['is told without slashes', ['kubelet', `--container-runtime-endpoint=unix:${SOCKET}`]],
    ['is left to its default', ['kubelet']],
  ] as const) {
    it(`${how}: a cluster inside a pod, whose processes have lower numbers, is not asked`, () => {
      process(70, 'k3s-server', ['k3s', 'server'], POD);
      process(80, 'kubelet', ['kubelet', '--container-runtime-endpoint=unix:///run/nested.sock'], POD);
      process(900, 'kubelet', args, '/system.slice/kubelet.service');
      expect(criSockets(host())).to.include(SOCKET);
      expect(criSockets(host())).to.not.include('/run/nested.sock');
    });
  }

  it('is that of a kubelet in a pod where there is no other: all of this machine may be one', () => {
    process(80, 'kubelet', ['kubelet', FLAG], `${POD}/docker/0123/kubelet.slice/kubelet.service`);
    expect(criSockets(host())).to.deep.equal([SOCKET]);
  });

  it('is held by the containerd of the host, and not by one that a pod on its network has at the same path', () => {
    process(60, 'containerd', ['containerd'], POD, 1);
    process(900, 'containerd', ['containerd'], '/system.slice/containerd.service', 2);
    mkdirSync(join(proc, '1/net'), { recursive: true });
    const line = (inode: number) => `0: 00000002 00000000 00010000 0001 01 ${inode} ${SOCKET}\n`;
    writeFileSync(join(proc, '1/net/unix'), [1, 2].map(line).join(''));
    expect(findDaemon(host(), [SOCKET])).to.include({ pid: 900, unit: 'containerd.service' });
  });
});
