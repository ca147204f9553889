import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { registryProgram } from '../../scripts/cluster/local/registry.ts';

/** docker-registry on a port of its own, with nothing in it. */
export interface RegistryProcess {
  readonly host: string;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Else a loopback address. */
  readonly address?: string;
  /** A line of htpasswd, in bcrypt: nobody else is let in. */
  readonly user?: string;
}

const LOOPBACK = '127.0.0.1';
const START_MS_MAX = 20_000;

export async function startRegistry({ address = LOOPBACK, user }: RegistryOptions = {}): Promise<RegistryProcess> {
  const program = process.env['KWASM_PEER_REGISTRY'] ?? (await registryProgram());
  const dir = mkdtempSync(join(tmpdir(), 'kwasm-registry-'));
  const port = await freePort(address);
  const config = join(dir, 'config.json');
  const path = join(dir, 'htpasswd');
  if (user !== undefined) writeFileSync(path, `${user}\n`);
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(dir, 'data') } },
      http: { addr: `${address}:${port}` },
      ...(user === undefined ? {} : { auth: { htpasswd: { realm: 'kwasm', path } } }),
    }),
  );
  const child = spawn(program, ['serve', config], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill();
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  const deadline = performance.now() + START_MS_MAX;
  while (!(await answers(address, port))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      await stop();
      throw new Error(`${program} does not answer on port ${port}`);
    }
    await delay(50);
  }
  return { host: `${address === LOOPBACK ? 'localhost' : address}:${port}`, stop };
}

function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, address, () => {
      const bound = server.address();
      server.close(() => (typeof bound === 'object' && bound !== null ? resolve(bound.port) : reject(bound)));
    });
  });
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, address);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
