import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { root } from '../../scripts/testing/mocha.ts';
import { wat } from '../../scripts/testing/wat.ts';

const LIST = 'apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n';
const CM = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm\n';

/** Writes what it reads. */
const ECHO = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "\\10\\00\\00\\00\\00\\80\\00\\00")
  (func (export "_start")
    (loop $more
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (if (i32.load (i32.const 8)) (then
        (i32.store (i32.const 4) (i32.load (i32.const 8)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (i32.store (i32.const 4) (i32.const 0x8000))
        (br $more))))))`;

const LOOP = '(module (memory (export "memory") 1) (func (export "_start") (loop $more (br $more))))';

/** What nobody has looked after yet has ended, too. */
function isRunning(pid: number): boolean {
  const stat = existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z';
  return !stat.includes(') Z');
}

/** `kwasm fn` as it is typed: flags, in kpt's forms, too. */
describe('kwasm fn, as it is typed', function () {
  this.timeout(60_000);
  let dir: string;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-cli-fn-'));
    mkdirSync(join(dir, 'p'));
    writeFileSync(join(dir, 'p/cm.yaml'), CM);
    writeFileSync(join(dir, 'echo.wasm'), await wat(ECHO));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  interface Around {
    readonly input?: string;
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
  }
  function kwasm(args: readonly string[], { input = '', cwd = dir, env = {} }: Around = {}) {
    const program = [join(root, 'src/cli/main.ts'), 'fn', ...args];
    const options = { input, encoding: 'utf8', cwd, env: { ...process.env, XDG_CACHE_HOME: dir, ...env } } as const;
    const { stdout, stderr, status } = spawnSync(process.execPath, program, options);
    return { stdout, stderr, status };
  }

  it('run: files of -f may stand before the module, and be several', () => {
    writeFileSync(join(dir, 'b.yaml'), CM.replace('cm', 'b'));
    const { stdout, stderr, status } = kwasm(['run', '-f', 'p/cm.yaml', '-f', 'b.yaml', 'echo.wasm', '--', 'a=b']);
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(stdout.match(/name: .*/g)).to.deep.equal(['name: cm', 'name: b', 'name: function-input']);
  });

  it('run: wants a module', () => {
    const { stderr, status } = kwasm(['run', '--', 'a=b'], { input: LIST });
    expect([status, stderr]).to.deep.equal([2, 'kwasm: name at least one module before --\n']);
  });

  it('eval: works on this directory where none is named', () => {
    const rename = "sed 's/name: cm/name: new/'";
    const { stderr, status } = kwasm(['eval', '--exec', rename, '--', 'a=b'], { cwd: join(dir, 'p') });
    expect(stderr).to.contain(`[PASS] ${JSON.stringify(rename)}`);
    expect(status).to.equal(0);
    expect(readFileSync(join(dir, 'p/cm.yaml'), 'utf8')).to.equal(CM.replace('cm', 'new'));
  });

  const flags = [
    { given: ['--image-pull-policy', 'always'], status: 0, says: '[PASS] "cat"' },
    { given: ['--image-pull-policy=IFNOTPRESENT'], status: 0, says: '[PASS] "cat"' },
    { given: ['--image-pull-policy', 'often'], status: 2, says: 'Allowed choices are Always, IfNotPresent, Never.' },
    { given: ['--truncate-output=false', '--allow-alpha-wasm'], status: 0, says: '[PASS] "cat"' },
    { given: ['-m'], status: 2, says: 'meta resources are now included by default' },
    { given: ['--network'], status: 2, says: 'can only be used with container functions' },
    { given: ['-s'], status: 2, says: '--type must be specified if saving functions to Kptfile (--save=true)' },
    { given: ['-s', '-t', 'mutator'], status: 1, says: 'p: has no Kptfile to save the function in (--save)' },
    { given: ['--fn-config', 'c.yaml', '--', 'a=b'], status: 2, says: '--fn-config and -- key=value' },
    { given: ['-i', 'x'], status: 2, says: 'name the function: --exec FILE or --image REFERENCE' },
    { given: ['a=b'], status: 2, says: 'a=b: one package at a time' },
  ];
  for (const { given, status, says } of flags) {
    it(`eval p --exec cat ${given.join(' ')}`, () => {
      const done = kwasm(['eval', 'p', '--exec', 'cat', ...given]);
      expect(done.stderr).to.contain(says);
      expect(done.status).to.equal(status);
    });
  }

  it('eval: an image without a path is of the catalogue, or of KPT_IMAGE_PREFIX', () => {
    const asked = (env: NodeJS.ProcessEnv) =>
      kwasm(['eval', 'p', '-i', 'set-namespace:v0.4', '--image-pull-policy', 'Never'], { env }).stderr;
    expect(asked({})).to.contain('ghcr.io/kptdev/krm-functions-catalog/set-namespace:v0.4');
    expect(asked({ KPT_IMAGE_PREFIX: 'example.com/fn/' })).to.contain(
      'what example.com/fn/set-namespace:v0.4 points at',
    );
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const) {
    it(`eval: ends with its function by ${signal}, which would go on without it`, async function () {
      if (spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status !== 0) return this.skip();
      writeFileSync(join(dir, 'loop.wasm'), await wat(LOOP));
      const temporary = join(dir, 'tmp');
      mkdirSync(temporary);
      const program = [join(root, 'src/cli/main.ts'), 'fn', 'eval', 'p', '--exec', 'loop.wasm'];
      const env = { ...process.env, TMPDIR: temporary };
      const child = spawn(process.execPath, program, { cwd: dir, env, stdio: ['ignore', 'ignore', 'pipe'] });
      const ended = new Promise((resolve) => child.once('exit', (code, name) => resolve(name ?? code)));
      for await (const chunk of child.stderr) if (String(chunk).includes('[RUNNING]')) break;
      const guest = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
      child.kill(signal);
      expect(await ended).to.equal({ SIGTERM: 143, SIGINT: 130, SIGHUP: 129, SIGKILL: 'SIGKILL' }[signal]);
      while (isRunning(guest)) await delay(20); // as long as mocha waits
      if (signal !== 'SIGKILL') expect(readdirSync(temporary)).to.deep.equal([]);
    });
  }

  it('render: takes the flags that are for containers, of which none runs', () => {
    writeFileSync(join(dir, 'p/Kptfile'), 'apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n');
    const { stderr, status } = kwasm(['render', 'p', '--allow-network', '--allow-exec', '--allow-alpha-wasm']);
    expect([status, stderr]).to.deep.equal([
      0,
      'Package "p": \n\nSuccessfully executed 0 function(s) in 1 package(s).\n',
    ]);
  });
});
