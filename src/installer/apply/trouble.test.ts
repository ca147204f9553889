import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { expect } from 'chai';
import { execa } from 'execa';
import { connectCri } from '../cri/client.ts';
import { descriptor, SERVICE } from '../cri/messages.ts';
import { Failure } from '../failure.ts';
import { withPath } from './no-space.ts';
import { reasonOf } from './transaction.ts';

/** Real errors, as the kernel, cp and gRPC make them. */
const caught = (work: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(work)
    .then(
      () => undefined,
      (error: unknown) => error,
    );

describe("the host's own trouble", () => {
  const writeToFull = () => {
    const file = openSync('/dev/full', 'w');
    try {
      writeSync(file, 'x');
    } finally {
      closeSync(file);
    }
  };

  it('NoSpace: a full disk, with the path as the host knows it', async () => {
    const error = withPath(await caught(writeToFull), '/mnt/node-root/var/lib/kwasm/txn/1-a/journal.json');
    expect(reasonOf(error)).to.include({ reason: 'NoSpace' });
    expect(reasonOf(error).message).to.contain(' /var/lib/kwasm/txn/1-a/journal.json ');
  });

  it('NoSpace: under whatever it was wrapped in', async () => {
    const cause = await caught(writeToFull);
    expect(reasonOf(new Error('could not write', { cause }))).to.include({ reason: 'NoSpace' });
  });

  it('NoSpace: as another program says it', async () => {
    const error = await caught(() => execa('sh', ['-c', 'cat /proc/version >/dev/full'], { env: { LC_ALL: 'C' } }));
    expect(reasonOf(error)).to.include({ reason: 'NoSpace' });
    expect(reasonOf(error).message).to.match(/No space left/);
  });

  for (const [code, why] of [
    ['EROFS', /read-only/],
    ['EPERM', /lsattr/],
    ['EBUSY', /mount/],
  ] as const) {
    it(`ReadOnlyHost: ${code}, with the path that was to be written`, () => {
      const error = Object.assign(new Error(`${code}: rename`), {
        code,
        syscall: 'rename',
        path: '/mnt/node-root/etc/containerd/.config.toml.kwasm-new',
        dest: '/mnt/node-root/etc/containerd/config.toml',
      });
      expect(reasonOf(error)).to.include({ reason: 'ReadOnlyHost' });
      expect(reasonOf(error).message)
        .to.match(/^\/etc\/containerd\/config\.toml cannot be written: /)
        .and.to.match(why);
    });
  }

  it('ReadOnlyHost: as cp says it', async () => {
    const said = 'echo "cp: cannot create regular file \'/mnt/node-root/etc/x\': Read-only file system" >&2; exit 1';
    const error = await caught(() => execa('sh', ['-c', said]));
    expect(reasonOf(error)).to.include({ reason: 'ReadOnlyHost' });
    expect(reasonOf(error).message).to.contain("'/etc/x': Read-only");
  });

  it('is not whatever else goes wrong', async () => {
    expect(reasonOf(await caught(() => openSync('/nowhere/at/all', 'r')))).to.include({ reason: 'Internal' });
    expect(reasonOf(new Failure('ConfigChanged', 'x'))).to.include({ reason: 'ConfigChanged' });
  });

  describe('NoAnswer', () => {
    let directory: string;
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'kwasm-cri-'));
    });
    afterEach(() => rmSync(directory, { recursive: true, force: true }));

    /** So that its ten seconds are nearly over. */
    const nearly = () => Date.now() - 9_700;

    it('a daemon that takes the call and does not answer, as one that was stopped', async () => {
      const service = fromJSON(descriptor, { longs: Number, defaults: true })[SERVICE] as ServiceDefinition;
      const server = new Server();
      server.addService(service, { version: () => {} });
      const socket = join(directory, 'containerd.sock');
      await promisify(server.bindAsync.bind(server))(`unix://${socket}`, ServerCredentials.createInsecure());
      const cri = connectCri(socket, nearly);
      try {
        const error = await caught(() => cri.version());
        expect(reasonOf(error)).to.include({ reason: 'NoAnswer' });
        expect(reasonOf(error).message).to.match(/^containerd does not answer: CRI version: Deadline exceeded/);
      } finally {
        cri.close();
        server.forceShutdown();
      }
    });

    it('a daemon that is not there', async () => {
      const cri = connectCri(join(directory, 'nobody.sock'), nearly);
      const error = await caught(() => cri.version());
      cri.close();
      expect(reasonOf(error)).to.include({ reason: 'NoAnswer' });
    });
  });
});
