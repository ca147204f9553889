import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { DEFAULT_LIMITS } from './limits.ts';
import { openRunner } from './runner.ts';
import { openSandbox } from './sandbox.ts';

/**
 * The second wall, tried from inside by JavaScript of ours: what a guest could do that had broken out of the first. Each attempt prints one line.
 */
const attempt = (name: string, code: string): string =>
  `try { const got = await (async () => { ${code} })(); say(${JSON.stringify(name)}, got === undefined ? 'contained' : 'ESCAPED ' + got); } catch { say(${JSON.stringify(name)}, 'contained'); }\n`;

const attempts = (port: number): readonly (readonly [string, string])[] => [
  ['read a file', "return (await import('node:fs')).readFileSync('/etc/hostname', 'utf8')"],
  ['read the own program', "return (await import('node:fs')).readFileSync('/proc/self/maps', 'utf8').length"],
  ['list a directory', "return (await import('node:fs')).readdirSync('/').length"],
  ['write a file', "(await import('node:fs')).writeFileSync('here', 'x'); return 'written'"],
  ['start a program', "return (await import('node:child_process')).execFileSync('/bin/true').length"],
  ['start a worker', "new (await import('node:worker_threads')).Worker('1', { eval: true }); return 'started'"],
  ["node's own WASI", "new (await import('node:wasi')).WASI({ version: 'preview1' }); return 'made'"],
  ['load an addon', "process.dlopen({ exports: {} }, '/usr/lib/x.node'); return 'loaded'"],
  ['open an inspector', "(await import('node:inspector')).open(0); return 'open'"],
  ['eval', "return eval('1')"],
  ['Function', "return Function('return 1')()"],
  ['a constructor of a constructor', "return ({}).constructor.constructor('return 1')()"],
  ['an async function of text', "return await (async () => {}).constructor('return 1')()"],
  ['the environment', 'return Object.keys(process.env)[0]'],
  ['what lies in the directory', "return (await import('node:fs')).readdirSync('.')[0]"],
  [
    'connect',
    `const net = await import('node:net'); return await new Promise((done) => { const s = net.connect(${port}, '127.0.0.1', () => done('connected')); s.on('error', () => done(undefined)); })`,
  ],
  ['grow a memory beyond its limit', "const m = new WebAssembly.Memory({ initial: 1 }); m.grow(9000); return 'grown'"],
];

describe('the process a function runs in', function () {
  this.timeout(60_000);
  // Only where the system gives network namespaces is there no network: Linux, as root or with namespaces for users.
  const unshared = process.platform === 'linux';

  it('holds what is inside by its second wall', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const tried = attempts(port).filter(([name]) => name !== 'connect' || unshared);
    const program = `const say = (name, what) => process.stdout.write(name + ': ' + what + '\\n');\n${tried.map(([name, code]) => attempt(name, code)).join('')}`;
    const sandbox = await openSandbox(DEFAULT_LIMITS, ['--input-type=module', '--eval', program]);
    try {
      let said = '';
      sandbox.child.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
      await once(sandbox.child, 'close');
      expect(said.trim().split('\n')).to.deep.equal(tried.map(([name]) => `${name}: contained`));
    } finally {
      await sandbox.destroy();
      server.close();
    }
  });

  it('has three pipes, no environment, an empty directory, and no network', async function () {
    if (process.platform !== 'linux') return this.skip();
    const runner = await openRunner([{ name: 'f', bytes: NOTHING }]);
    try {
      const pid = childOf(process.pid);
      const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      // Node's own: its event loops, and /dev/null where a standard stream was closed.
      const other = descriptors.filter((to) => !/^(anon_inode:|\/dev\/null$)/.test(to));
      expect(other.every((to) => /^(socket|pipe):/.test(to))).to.equal(true, other.join(' '));
      expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).to.equal('');
      const directory = readlinkSync(`/proc/${pid}/cwd`);
      expect(readdirSync(directory)).to.deep.equal([]);
      expect(readlinkSync(`/proc/${pid}/ns/net`)).to.not.equal(readlinkSync('/proc/self/ns/net'));
      await runner.close();
      expect(() => readdirSync(directory)).to.throw('ENOENT');
      for (let tries = 0; existsSync(`/proc/${pid}`) && tries < 500; tries += 1) await sleep(20);
      expect(existsSync(`/proc/${pid}`), 'the process').to.equal(false);
    } finally {
      await runner.close();
    }
  });
});

/** A module that does nothing: one memory, `_start` without a body. */
const NOTHING = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1],
  ...[7, 19, 2, 6, ...Buffer.from('memory'), 2, 0, 6, ...Buffer.from('_start'), 0, 0, 10, 4, 1, 2, 0, 0x0b],
]);

function childOf(parent: number): number {
  const pids = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').map(Number);
  const guest = pids.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--permission'));
  if (guest === undefined) throw new Error(`no child among ${pids.join(' ')}`);
  return guest;
}
