import { expect } from 'chai';
import { systemClock } from '../../clock.ts';
import { FakeServer } from '../../operator/kube/fake-server.ts';
import { Transport } from '../../operator/kube/transport.ts';
import { CliError, EXIT } from '../exit.ts';
import { Client } from './client.ts';

describe('text that is read from the API server', () => {
  const server = new FakeServer();
  let client: Client;
  before(async () => {
    const credentials = await server.listen();
    const options = { credentials, clock: systemClock, random: Math.random, userAgent: 'test', onRequest: () => {} };
    const transport = new Transport({ ...options, requestMsMax: 10_000 });
    client = new Client(transport, { credentials, name: 'fake', namespace: undefined });
    server.otherwise = (response) => void response.writeHead(200).write('begun');
  });
  after(async () => {
    await client.close();
    await server.close();
  });

  async function read(signal: AbortSignal, onPart: () => void = () => {}): Promise<string> {
    let text = '';
    try {
      for await (const part of client.text('read the log', '/log', {}, signal)) {
        text += part;
        onPart();
      }
      return `${text}, ended`;
    } catch (error) {
      if (!(error instanceof CliError) || error.exitCode !== EXIT.timeout) throw error;
      return `${text}, ${error.message}`;
    }
  }

  it('is not whole when its time is over before it ends: said', async () => {
    const late = new AbortController();
    // What AbortSignal.timeout gives.
    const over = () => late.abort(new DOMException('the time is over', 'TimeoutError'));
    expect(await read(late.signal, over)).to.equal('begun, cannot read the log to its end: it did not come in time');
  });

  it('ends with whoever reads it', async () => {
    const abort = new AbortController();
    expect(await read(abort.signal, () => abort.abort())).to.equal('begun, ended');
  });
});
