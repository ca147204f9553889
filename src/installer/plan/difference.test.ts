import { expect } from 'chai';
import type { Change } from './change.ts';
import { unexpectedDifference } from './difference.ts';

const type = '/opt/kwasm/shims/wasmtime/0/containerd-shim-wasmtime-v1';
const change: Change = {
  kind: 'change',
  files: [],
  createDirectories: [],
  removeDirectories: [],
  handlers: [{ name: 'wasmtime', type, systemdCgroup: true }],
  gone: [],
};
const runc = { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: true } };
const ours = { runtime_type: type, sandboxer: 'podsandbox', options: { SystemdCgroup: true } };
const dump = (runtimes: object, more: object = {}) => ({
  version: 3,
  imports: ['/a'],
  plugins: { 'io.containerd.cri.v1.runtime': { containerd: { runtimes }, cni: { bin_dir: '/opt/cni/bin' }, ...more } },
});
const today = dump({ runc });

describe('unexpectedDifference', () => {
  const cases: readonly {
    name: string;
    planned: unknown;
    change?: Change;
    today?: unknown;
    says: RegExp | undefined;
  }[] = [
    { name: 'exactly ours', planned: dump({ runc, wasmtime: ours }), says: undefined },
    { name: 'other files read', planned: { ...dump({ runc, wasmtime: ours }), imports: ['/b'] }, says: undefined },
    { name: 'ours is not loaded', planned: dump({ runc }), says: /would not load handler "wasmtime"/ },
    {
      name: 'ours with another path',
      planned: dump({ runc, wasmtime: { ...ours, runtime_type: 'x' } }),
      says: /would not load handler "wasmtime"/,
    },
    {
      name: 'ours without its cgroup driver',
      planned: dump({ runc, wasmtime: { ...ours, options: {} } }),
      says: /SystemdCgroup = undefined/,
    },
    {
      name: 'runc is lost',
      planned: dump({ wasmtime: ours }),
      says: /runtimes\.runc\.runtime_type: io\.containerd\.runc\.v2 -> not set/,
    },
    {
      name: 'another setting is lost',
      planned: dump({ runc, wasmtime: ours }, { cni: { bin_dir: '' } }),
      says: /cni\.bin_dir: \/opt\/cni\/bin -> $/,
    },
    {
      name: 'uninstall',
      today: dump({ runc, wasmtime: ours }),
      planned: dump({ runc }),
      change: { ...change, handlers: [], gone: ['wasmtime'] },
      says: undefined,
    },
    {
      // containerd 1.7's built-in runc, spelled out in our block, where 2.x has come since.
      name: 'options that are told no more, and said what is so anyway',
      today: dump({ runc: { ...runc, options: { CriuPath: '', IoUid: 0, NoPivotRoot: false } }, wasmtime: ours }),
      planned: dump({ runc: { ...runc, options: {} } }),
      change: { ...change, handlers: [], gone: ['wasmtime'] },
      says: undefined,
    },
    {
      name: 'an option that said something else',
      today: dump({ runc, wasmtime: ours }),
      planned: dump({ runc: { ...runc, options: {} } }),
      change: { ...change, handlers: [], gone: ['wasmtime'] },
      says: /runc\.options\.SystemdCgroup: true -> not set/,
    },
    {
      name: 'uninstall that leaves it',
      today: dump({ runc, wasmtime: ours }),
      planned: dump({ runc, wasmtime: ours }),
      change: { ...change, handlers: [], gone: ['wasmtime'] },
      says: /would still load handler "wasmtime"/,
    },
  ];
  for (const { name, planned, says, ...given } of cases) {
    it(name, () => {
      const found = unexpectedDifference(given.today ?? today, planned, given.change ?? change);
      if (says === undefined) expect(found).to.equal(undefined);
      else expect(found).to.match(says);
    });
  }
});
