import { createServer, type Socket } from 'node:net';
import * as z from 'zod';
import { messageOf, Terminal } from '../../errors.ts';
import { ModuleRefused } from '../../wasm/failure.ts';
import type { Limits } from '../../wasm/limits.ts';
import { openRunner } from '../../wasm/runner.ts';
import { type CalledFunction, callFunction, type Ran } from './called-function.ts';
import type { FunctionModule } from './function-module.ts';

/** By the wrapper's name, then by the directory it is started in: one text may be named by several kustomizations. */
export type Services = ReadonlyMap<string, ReadonlyMap<string, Service>>;

export interface Service {
  readonly called: CalledFunction;
  readonly module: FunctionModule;
}

export interface FunctionService {
  close(): Promise<void>;
}

const LIST_BYTES_MAX = 256 * 1024 * 1024;
const requestShape = z.strictObject({ id: z.string(), cwd: z.string() });

/**
 * Answers the wrappers of one build on a socket. Each module is compiled once, before kustomize is started, in the one process
 * that all functions of the build share; a wrapper of its own for each would compile it anew at each call.
 */
export async function serveFunctions(
  path: string,
  services: Services,
  limits: Partial<Limits>,
): Promise<FunctionService> {
  const modules = new Map<string, FunctionModule>();
  for (const byDir of services.values()) for (const { module } of byDir.values()) modules.set(module.digest, module);
  const digests = [...modules.keys()];
  const runner = await openRunner([...modules.values()], limits).catch((error: unknown) => {
    throw error instanceof ModuleRefused ? new Terminal(error.message, { cause: error }) : error;
  });

  async function answer(request: Buffer): Promise<Ran> {
    const cut = request.indexOf('\n');
    const { id, cwd } = requestShape.parse(JSON.parse(request.toString('utf8', 0, cut)));
    const service = services.get(id)?.get(cwd);
    if (service === undefined) throw new Terminal(`${id} was started in ${cwd}, which names no such function`);
    return callFunction(
      runner,
      digests.indexOf(service.module.digest),
      service.called,
      request.toString('utf8', cut + 1),
    );
  }

  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {}); // the wrapper was killed: kustomize says so
    received(socket)
      .then(answer)
      .catch((error: unknown): Ran => ({ stdout: '', stderr: `${messageOf(error)}\n`, exitCode: 1 }))
      .then(({ stdout, ...head }) => socket.end(`${JSON.stringify(head)}\n${stdout}`));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    async close() {
      server.close();
      await runner.close();
    },
  };
}

async function received(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket) {
    size += (chunk as Buffer).length;
    if (size > LIST_BYTES_MAX) throw new Terminal(`a list of more than ${LIST_BYTES_MAX} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** What kustomize starts: as small as it can be, since each call starts Node once. */
export const WRAPPER_SOURCE = `import { connect } from 'node:net';
const [, , path, id] = process.argv;
const link = connect({ path });
link.write(JSON.stringify({ id, cwd: process.cwd() }) + '\\n');
process.stdin.pipe(link);
const chunks = [];
for await (const chunk of link) chunks.push(chunk);
const answer = Buffer.concat(chunks);
const cut = answer.indexOf(10);
if (cut < 0) throw new Error('kwasm kustomize build ended');
const { stderr, exitCode } = JSON.parse(answer.toString('utf8', 0, cut));
process.stderr.write(stderr);
process.stdout.write(answer.subarray(cut + 1));
process.exitCode = exitCode;
`;
