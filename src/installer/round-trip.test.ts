import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { readConfig } from './detect/config.ts';
import { openHost } from './host.ts';
import type { Change, Plan } from './plan/change.ts';
import { distribution } from './plan/distribution.ts';
import { planInstall } from './plan/install.ts';
import { canonical } from './plan/same.ts';
import { ROOT, sampleFacts, wasmtime } from './plan/sample-facts.ts';
import { parseDocument } from './plan/toml.ts';
import { planUninstall } from './plan/uninstall.ts';

/** Whatever a person or a distribution wrote: an install and an uninstall later every byte is as it was. */
/** A second handler, which a later version does not bring any more. */
const more = { ...wasmtime, handler: 'more', binary: 'containerd-shim-more-v1', file: 'containerd-shim-more-v1' };

describe('install, then uninstall', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kwasm-round-trip-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('is the identity, a second install changes nothing, and one with a handler less takes that away', function () {
    this.timeout(60_000);
    let changed = 0;
    fc.assert(
      fc.property(host, ({ version, files }) => {
        rmSync(root, { recursive: true, force: true });
        for (const [path, text] of Object.entries(files)) write(path, text);
        const before = tree();
        const installed = planInstall(facts(version), [wasmtime]);
        if (installed.kind === 'refused') {
          expect(installed.finding.reason).to.equal('ConfigNotExtendable');
          expect(version, 'where a drop-in is possible, no way of writing tables is in its way').to.match(/^1\./);
          return;
        }
        changed += 1;
        apply(installed);
        expect(planInstall(facts(version), [wasmtime])).to.have.property('kind', 'unchanged');
        const withOne = tree();
        apply(planInstall(facts(version), [wasmtime, more]));
        const fewer = planInstall(facts(version), [wasmtime]);
        expect(fewer).to.have.deep.property('gone', ['more']);
        apply(fewer);
        expect(tree()).to.deep.equal(withOne);
        apply(planUninstall(facts(version), []));
        expect(tree()).to.deep.equal(before);
        expect(planUninstall(facts(version), [])).to.have.property('kind', 'absent');
      }),
      { numRuns: 400 },
    );
    expect(changed).to.be.greaterThan(200);
  });

  it('is the identity where the root is rendered, which is foreseen as it will be', function () {
    this.timeout(60_000);
    let changed = 0;
    fc.assert(
      fc.property(rancher, ({ version, base, template }) => {
        rmSync(root, { recursive: true, force: true });
        if (template !== undefined) write(TEMPLATE, template);
        write(RENDERED, render(template ?? BASE, base));
        const before = tree();
        const installed = planInstall(k3sFacts(version), [wasmtime]);
        if (installed.kind === 'refused') {
          expect(installed.finding.reason).to.equal('ConfigNotExtendable');
          return;
        }
        changed += 1;
        restartAfter(installed, base);
        expect(planInstall(k3sFacts(version), [wasmtime])).to.have.property('kind', 'unchanged');
        const withOne = tree();
        restartAfter(planInstall(k3sFacts(version), [wasmtime, more]), base);
        restartAfter(planInstall(k3sFacts(version), [wasmtime]), base);
        expect(tree()).to.deep.equal(withOne);
        restartAfter(planUninstall(k3sFacts(version), []), base);
        expect(tree()).to.deep.equal(before);
        expect(planUninstall(k3sFacts(version), [])).to.have.property('kind', 'absent');
      }),
      { numRuns: 200 },
    );
    expect(changed).to.be.greaterThan(100);
  });

  /** As K3s does it, and not as the plan says it will. */
  function restartAfter(plan: Plan, base: string): void {
    apply(plan);
    const text = render(existsSync(at(TEMPLATE)) ? readFileSync(at(TEMPLATE), 'utf8') : BASE, base);
    for (const { renders } of (plan as Change).files)
      if (renders !== undefined) expect(meaning(renders.text)).to.equal(meaning(text));
    write(RENDERED, text);
  }

  for (const [what, text] of [
    ['declares its runtimes', 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\n'],
    ['declares none, so that the built-in ones stood in our block', 'version = 2\n[debug]\nlevel = "info"\n'],
    ['has no version', 'disabled_plugins = []\n'],
    ['is not there', undefined],
  ] as const) {
    it(`is the identity where containerd 2 came between, and the root ${what}`, () => {
      if (text !== undefined) write(ROOT, text);
      const before = tree();
      apply(planInstall(facts('1.7.35'), [wasmtime, more]));
      const upgraded = planInstall(facts('2.3.7'), [wasmtime]);
      expect(upgraded).to.have.deep.property('gone', ['more']);
      apply(upgraded);
      const naming = Object.entries(tree()).filter(([, is]) => is.includes('/opt/kwasm/'));
      expect(naming.map(([path]) => path)).to.deep.equal(['etc/containerd/kwasm.d/kwasm.toml']);
      expect(planInstall(facts('2.3.7'), [wasmtime])).to.have.property('kind', 'unchanged');
      apply(planUninstall(facts('2.3.7'), []));
      expect(tree()).to.deep.equal(before);
    });
  }

  it('is the identity where K3s has got containerd 2 and a directory for drop-ins since', () => {
    const runc = '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\n';
    const [older, newer] = ['', `imports = ["${DIRECTORY}/config.toml.d/*.toml"]\n`].map(
      (more) => `version = 2\n${more}${runc}`,
    );
    write(RENDERED, render(BASE, older ?? ''));
    restartAfter(planInstall(k3sFacts('1.7.35'), [wasmtime, more]), older ?? '');
    write(RENDERED, render(readFileSync(at(TEMPLATE), 'utf8'), newer ?? ''));
    const upgraded = planInstall(k3sFacts('2.1.9'), [wasmtime]);
    expect(upgraded).to.have.deep.property('gone', ['more']);
    restartAfter(upgraded, newer ?? '');
    expect(Object.keys(tree())).to.have.members([TEMPLATE, RENDERED].map((path) => path.slice(1)));
    expect(Object.values(tree()).filter((text) => text.includes('/opt/kwasm/shims/more'))).to.deep.equal([]);
    expect(planInstall(k3sFacts('2.1.9'), [wasmtime])).to.have.property('kind', 'unchanged');
    restartAfter(planUninstall(k3sFacts('2.1.9'), []), newer ?? '');
    expect(tree()).to.deep.equal({ [RENDERED.slice(1)]: render(BASE, newer ?? '') });
  });

  it('keeps what somebody wrote below our block meanwhile, and nothing of ours', () => {
    write(ROOT, 'version = 2');
    apply(planInstall(facts('1.7.35'), [wasmtime]));
    write(ROOT, `${readFileSync(at(ROOT), 'utf8')}[debug]\nlevel = "debug"\n`);
    apply(planUninstall(facts('1.7.35'), []));
    expect(readFileSync(at(ROOT), 'utf8')).to.equal('version = 2\n[debug]\nlevel = "debug"\n');
  });

  it('keeps a file that we made when somebody has added to it, without our import', () => {
    apply(planInstall(facts('2.3.7'), [wasmtime]));
    write(ROOT, `${readFileSync(at(ROOT), 'utf8')}oom_score = -999\n`);
    apply(planUninstall(facts('2.3.7'), []));
    expect(readFileSync(at(ROOT), 'utf8')).to.match(/^# Created by kwasm.*\nversion = 3\noom_score = -999\n$/);
  });

  it("takes KWasm's own tables and its marker away, byte for byte", () => {
    const text = 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "pause"\n';
    write(ROOT, text);
    const before = tree();
    const table = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes';
    const tables = ['lunatic', 'slight', 'wasmtime'].map(
      (name) => `[${table}.${name}]\n    runtime_type = "/opt/kwasm/bin/containerd-shim-${name}-v1"\n`,
    );
    write(ROOT, `${text}\n${tables.join('')}`);
    write('/opt/kwasm/active', '');
    apply(planUninstall(facts('1.7.35'), []));
    expect(tree()).to.deep.equal(before);
  });

  it("restarts nothing for KWasm's marker alone, which goes with what else it left", () => {
    write(ROOT, 'version = 2\n');
    write('/opt/kwasm/active', '');
    expect(planUninstall(facts('1.7.35'), [])).to.have.property('kind', 'absent');
  });

  const at = (path: string): string => join(root, path);
  function write(path: string, text: string): void {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  }
  const k3sFacts = (version: string) =>
    sampleFacts(version, readConfig(openHost(root), RENDERED, 'k3s'), {
      distribution: distribution('k3s', '1.30.6+k3s1', { kind: 'parentUnit', parentPid: 2 }),
    });
  const facts = (version: string) => sampleFacts(version, readConfig(openHost(root), ROOT));
  function tree(): Readonly<Record<string, string>> {
    if (!existsSync(root)) return {};
    const paths = readdirSync(root, { recursive: true }).map((path) => join(root, String(path)));
    const files = paths.filter((path) => statSync(path).isFile());
    return Object.fromEntries(files.map((path) => [relative(root, path), readFileSync(path, 'utf8')]));
  }
  function apply(plan: Plan): void {
    expect(plan, JSON.stringify(plan)).to.have.property('kind', 'change');
    for (const { path, before, after } of (plan as Change).files) {
      expect(existsSync(at(path)) ? readFileSync(at(path), 'utf8') : undefined).to.equal(
        before.kind === 'file' ? before.text : undefined,
      );
      if (after.kind === 'file') write(path, after.text);
      else rmSync(at(path));
    }
  }
});

const eol = fc.constantFrom('\n', '\r\n');
const comment = fc.constantFrom('', '# a comment', '   # "quoted" [not.a.table]', '#');
const indent = fc.constantFrom('', '  ', '\t');
const quote = fc.constantFrom('"', "'");
const CONF_D = '/etc/containerd/conf.d/10-theirs.toml';
const EXTRA = '/etc/containerd/extra.toml';

const DIRECTORY = '/var/lib/rancher/k3s/agent/etc/containerd';
const RENDERED = `${DIRECTORY}/config.toml`;
const TEMPLATE = `${DIRECTORY}/config.toml.tmpl`;
const BASE = '{{ template "base" . }}\n';

/** What text/template makes of the few actions there are, as long as K3s finds no shim of its own. */
function render(template: string, base: string): string {
  return template
    .replace('{{ template "base" . }}', () => base)
    .replace(/^\{\{ \$taken := false .*\{\{ if not \$taken \}\}$/gm, '')
    .replaceAll('{{ end }}', '');
}

function meaning(text: string): string {
  const parsed = parseDocument(text);
  return parsed.kind === 'toml' ? canonical(parsed.document.value) : parsed.message;
}

/** How a file may name what it imports; none, patterns, plain names, odd layouts. */
const imports = fc.constantFrom(
  [],
  ['imports = []'],
  ['imports = [ # nothing', ']'],
  [`imports = ["${EXTRA}"]`],
  [`"imports" = [ '${EXTRA}' ,]`],
  ['imports = [', `  "${EXTRA}", # theirs`, "  '/etc/containerd/conf.d/*.toml',", ']'],
  ["imports=['/etc/containerd/conf.d/*.toml']"],
  ['imports = ["conf.d/*.toml"]'],
);

/** How a file may declare its runtimes: as tables, in one line, by dotted keys, not at all. */
function runtimes(cri: string, q: string, pad: string): readonly (readonly string[])[] {
  const table = `plugins.${q}${cri}${q}.containerd`;
  return [
    [],
    [`[${table}]`, `${pad}default_runtime_name = "runc"`],
    [
      `[${table}.runtimes.runc]`,
      `${pad}runtime_type = "io.containerd.runc.v2"`,
      `${pad}[${table}.runtimes.runc.options]`,
      `${pad}SystemdCgroup = false`,
    ],
    [`[ ${table} . runtimes . ${q}runc${q} ]`, `${pad}${q}runtime_type${q} = 'io.containerd.runc.v2' # theirs`],
    [`[${table}]`, `${pad}runtimes.runc.runtime_type = "io.containerd.runc.v2"`],
    [`[${table}]`, `${pad}runtimes = { runc = { runtime_type = "io.containerd.runc.v2" } }`],
    [
      `[${table}.runtimes."wasmtime.options"]`,
      `${pad}runtime_type = "io.containerd.wasmtime.v1"`,
      `[${table}.runtimes.wasmtime-debug]`,
      `${pad}runtime_type = "io.containerd.wasmtime.v1"`,
      `[${table}.runtimes.wasmtime-debug.options]`,
      `${pad}SystemdCgroup = true`,
    ],
    [
      `[${table}.runtimes.runc]`,
      `${pad}runtime_type = "io.containerd.runc.v2"`,
      `[${table}.runtimes.nvidia]`,
      `${pad}runtime_type = "io.containerd.runc.v2"`,
    ],
  ];
}

const others = fc.subarray([
  ['[grpc]', '  address = "/run/containerd/containerd.sock"', '  uid = 0'],
  ['[timeouts]', '  "io.containerd.timeout.shim.load" = "5s"'],
  ['[debug]', 'level = """', '[not.a.table]', 'imports = ["x"]', '"""'],
  ['[[stream_list]]', 'a = 1', '[[stream_list]]', 'a = 2.5'],
  ['', '# BEGIN somebody else', '# END somebody else', ''],
]);

const rootFile = fc
  .record({
    eol,
    indent,
    quote,
    imports,
    others,
    comment,
    head: comment,
    which: fc.nat(7),
    version: fc.constantFrom(2, 3),
    end: fc.constantFrom('', 'eol', 'blank'),
  })
  .map((part) => {
    const cri = part.version === 2 ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.runtime';
    const lines = [
      ...(part.head === '' ? [] : [part.head]),
      `${part.indent}version = ${part.version} ${part.comment}`.trimEnd(),
      ...part.imports,
      ...(runtimes(cri, part.quote, part.indent)[part.which] ?? []),
      ...part.others.flat(),
    ];
    const ends = { '': '', eol: part.eol, blank: part.eol + part.eol };
    return { version: part.version, text: lines.join(part.eol) + ends[part.end as keyof typeof ends] };
  });

const host = fc
  .record({ root: fc.option(rootFile, { freq: 12 }), second: fc.boolean(), theirs: fc.boolean() })
  .map(({ root, second, theirs }) => ({
    // containerd 1.x reads no version 3.
    version: root !== null && root.version === 3 ? '2.3.7' : second ? '2.1.9' : '1.7.35',
    files: {
      [EXTRA]: 'oom_score = 0\n',
      ...(root === null ? {} : { [ROOT]: root.text }),
      ...(theirs ? { [CONF_D]: '# theirs\n' } : {}),
    },
  }));

/** A K3s node: what its base renders to, and the template somebody may have: an extension, or a frozen copy. */
const rancher = fc
  .record({
    root: rootFile.filter(({ version, text }) => version === 2 && !text.includes('imports')),
    own: fc.constantFrom('none', 'base', 'extended', 'frozen'),
    eol,
    second: fc.boolean(),
  })
  .map(({ root, own, eol, second }) => {
    const extended = `{{ template "base" . }}${eol}${eol}[debug.own]${eol}level = "{{ "info" }}"${eol}`;
    const templates = {
      none: undefined,
      base: BASE,
      extended: extended.replace('{{ "info" }}', 'info'),
      frozen: root.text,
    };
    return {
      version: second ? '2.1.9' : '1.7.35',
      base: root.text,
      template: templates[own as keyof typeof templates],
    };
  });
