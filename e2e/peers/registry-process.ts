import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** docker-registry on a loopback port of its own, with nothing in it. */
export interface RegistryProcess {
  readonly host: string;
  stop(): Promise<void>;
}

const START_MS_MAX = 20_000;

export async function startRegistry(): Promise<RegistryProcess> {
  const program = process.env['KWASM_PEER_REGISTRY'];
  if (program === undefined) throw new Error('KWASM_PEER_REGISTRY is not set: run these tests by `npm run test:peers`');
  const dir = mkdtempSync(join(tmpdir(), 'kwasm-registry-'));
  const port = await freePort();
  const config = join(dir, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(dir, 'data') } },
      http: { addr: `127.0.0.1:${port}` },
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
  while (!(await answers(port))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      await stop();
      throw new Error(`${program} does not answer on port ${port}`);
    }
    await delay(50);
  }
  return { host: `localhost:${port}`, stop };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(address)));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
