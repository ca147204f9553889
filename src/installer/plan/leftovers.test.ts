import { expect } from 'chai';
import fc from 'fast-check';
import { type Found, judgeLeftovers, leftoversText, RCM_LOCK, type Uses } from './leftovers.ts';

const none: Uses = { texts: [], types: [], programs: [], bundles: [] };
const file = (path: string, sha256 = '', bytes = 1): Found => ({ path, is: { kind: 'file', bytes, sha256 } });
const link = (path: string, target: string): Found => ({ path, is: { kind: 'link', target } });
const SPIN = '/opt/kwasm/bin/containerd-shim-spin-v2';
const SPIN_LINK = link('/usr/local/bin/containerd-shim-spin-v2', SPIN);
const RCM_SPIN = '/opt/rcm/bin/containerd-shim-spin-v2';
const lock = new Map([[RCM_SPIN, 'aa']]);

describe('what other installers left', () => {
  const cases: readonly {
    readonly name: string;
    readonly found: readonly Found[];
    readonly uses?: Partial<Uses>;
    readonly remove: readonly string[];
    readonly why?: RegExp;
  }[] = [
    {
      name: "KWasm's shims and marker",
      found: [file('/opt/kwasm/active', '', 0), file(SPIN), file('/opt/kwasm/bin/containerd-shim-wws-v1')],
      remove: ['/opt/kwasm/active', SPIN, '/opt/kwasm/bin/containerd-shim-wws-v1'],
    },
    { name: 'a link goes before what it points at', found: [file(SPIN), SPIN_LINK], remove: [SPIN_LINK.path, SPIN] },
    {
      name: "crun, its libraries and their links, of KWasm's first releases",
      found: [
        file('/opt/kwasm/bin/crun'),
        file('/opt/kwasm/lib/libwasmedge.so'),
        link('/usr/lib/libwasmedge.so.0.0.0', '/opt/kwasm/lib/libwasmedge.so'),
      ],
      remove: ['/usr/lib/libwasmedge.so.0.0.0', '/opt/kwasm/bin/crun', '/opt/kwasm/lib/libwasmedge.so'],
    },
    {
      name: 'libraries stay with a crun that stays',
      found: [file('/opt/kwasm/bin/crun'), file('/opt/kwasm/lib/libwasmedge.so')],
      uses: { texts: [{ path: '/etc/x.toml', text: 'BinaryName = "/opt/kwasm/bin/crun"' }] },
      remove: [],
      why: /libwasmedge\.so \(\/opt\/kwasm\/bin\/crun may need it\)/,
    },
    {
      name: "a provider's own handler, found by a name that KWasm had replaced by a link",
      found: [file(SPIN), SPIN_LINK],
      uses: { types: ['io.containerd.spin.v2'] },
      remove: [],
      why: /io\.containerd\.spin\.v2 is looked up by this name/,
    },
    { name: 'a shim that runs', found: [file(SPIN), SPIN_LINK], uses: { programs: [SPIN] }, remove: [SPIN_LINK.path] },
    { name: 'a shim that a pod was started with', found: [file(SPIN)], uses: { bundles: [SPIN] }, remove: [] },
    { name: 'a shim that containerd serves', found: [file(SPIN)], uses: { types: [SPIN] }, remove: [] },
    {
      name: 'a file that nobody is known to have left',
      found: [file('/opt/kwasm/bin/notes.txt'), file(SPIN)],
      remove: [SPIN],
      why: /notes\.txt \(is not known\)/,
    },
    { name: 'a marker with something in it', found: [file('/opt/kwasm/active', '', 3)], remove: [], why: /not empty/ },
    { name: 'a link of that name to elsewhere', found: [link(SPIN_LINK.path, '/opt/other/x')], remove: [] },
    {
      name: "runtime-class-manager's shims by their digest, and then its list",
      found: [file(RCM_SPIN, 'aa'), file(RCM_LOCK)],
      remove: [RCM_SPIN, RCM_LOCK],
    },
    {
      name: "a shim that is not what runtime-class-manager's list says, and its list",
      found: [file(RCM_SPIN, 'bb'), file(RCM_LOCK)],
      remove: [],
      why: /is not what/,
    },
    { name: 'a shim that is not in its list', found: [file('/opt/rcm/bin/containerd-shim-x-v1', 'aa')], remove: [] },
    {
      name: 'a shim that its configuration still names',
      found: [file(RCM_SPIN, 'aa'), file(RCM_LOCK)],
      uses: { texts: [{ path: '/etc/containerd/config.toml', text: `runtime_type = "${RCM_SPIN}"` }] },
      remove: [],
      why: /config\.toml names it/,
    },
  ];
  for (const { name, found, uses = {}, remove, why } of cases) {
    it(`${name}: ${remove.length === 0 ? 'stays' : `${remove.length} go`}`, () => {
      const judged = judgeLeftovers(found, { ...none, ...uses }, lock);
      expect(judged.remove).to.deep.equal(remove);
      if (why !== undefined) expect(leftoversText(judged)).to.match(why);
    });
  }

  const paths = [SPIN, '/opt/kwasm/bin/crun', '/opt/kwasm/lib/libwasmedge.so', '/opt/kwasm/active', RCM_LOCK, RCM_SPIN];
  const links = [SPIN_LINK.path, '/usr/lib/libwasmedge.so.0', '/usr/bin/containerd-shim-spin-v1'];
  const foreign = ['/opt/kwasm/README', '/opt/rcm/bin/other', '/opt/kwasm/bin/containerd-shim-spin-v2.bak'];
  const any = fc.constantFrom(...paths, ...links, ...foreign);
  const found = fc.uniqueArray(
    fc.oneof(
      fc
        .record({ path: any, bytes: fc.nat(1), sha: fc.constantFrom('aa', 'bb') })
        .map((f) => file(f.path, f.sha, f.bytes)),
      fc.record({ path: any, target: any }).map((one) => link(one.path, one.target)),
      any.map((path): Found => ({ path, is: { kind: 'other' } })),
    ),
    { selector: ({ path }) => path },
  );
  const uses: fc.Arbitrary<Uses> = fc.record({
    texts: fc.array(
      any.map((text) => ({ path: '/etc/c.toml', text: `a ${text} b` })),
      { maxLength: 1 },
    ),
    types: fc.array(fc.oneof(any, fc.constantFrom('io.containerd.spin.v2', 'io.containerd.runc.v2')), { maxLength: 1 }),
    programs: fc.array(any, { maxLength: 1 }),
    bundles: fc.array(any, { maxLength: 1 }),
  });

  it('is removed or named, each once; nothing in use, nothing foreign, nothing that a link which stays points at', () => {
    fc.assert(
      fc.property(found, uses, (all, now) => {
        const { remove, keep } = judgeLeftovers(all, now, lock);
        const named = [...remove, ...keep.map(({ path }) => path)];
        expect([...named].sort()).to.deep.equal(all.map(({ path }) => path).sort());
        const used = [...now.programs, ...now.bundles, ...now.types, ...now.texts.map(({ text }) => text.slice(2, -2))];
        for (const path of remove) {
          expect(used).to.not.include(path);
          expect(foreign).to.not.include(path);
        }
        for (const { path, is } of all)
          if (is.kind === 'link' && keep.some((one) => one.path === path)) expect(remove).to.not.include(is.target);
      }),
      { numRuns: 2000 },
    );
  });
});
