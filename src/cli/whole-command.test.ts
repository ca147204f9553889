import { expect } from 'chai';
import { EXIT } from './exit.ts';
import { FakeCluster } from './fake-cluster.ts';

/** The command as people run it, when something of the cluster or of their terminal is not as it should be. */
describe('the whole command', function () {
  this.timeout(30_000);
  let cluster: FakeCluster;
  beforeEach(async () => {
    cluster = new FakeCluster();
    cluster.addFailed('a');
    cluster.addFailed('b');
    await cluster.open();
  });
  afterEach(() => cluster.close());

  const noWatch = () => {
    cluster.forbids = ({ url }) => url.searchParams.has('watch');
  };
  const writes = () => cluster.calls.filter(({ method }) => method === 'PATCH').map(({ url }) => url.pathname);

  it('may not watch nodes: --wait says so at once, and does not take them for gone', async () => {
    noWatch();
    const { code, out, err } = await cluster.kwasm(['node', 'enable', 'a', '--wait']);
    expect(out).not.to.contain('gone');
    expect(err).to.contain('cannot follow the nodes: /api/v1/nodes is forbidden').and.contain('kwasm check --pre');
    expect(code).to.equal(EXIT.forbidden);
  });

  it('may not watch nodes: a retry takes nothing away', async () => {
    noWatch();
    const { code, err } = await cluster.kwasm(['node', 'retry', 'a']);
    expect(err).to.contain('cannot follow the nodes');
    expect([code, writes()]).to.deep.equal([EXIT.forbidden, []]);
  });

  it('hears nothing of the nodes within the time: not done, whatever they are', async () => {
    cluster.silent = true;
    const { code, out, err } = await cluster.kwasm(['node', 'enable', 'a', '--wait', '--timeout', '1s']);
    expect(out).not.to.contain('gone');
    expect(err).to.contain('not done within the time');
    expect(code).to.equal(EXIT.timeout);
  });

  it('is interrupted while it hears nothing of the nodes', async () => {
    cluster.silent = true;
    const { code, out, err } = await cluster.kwasm(['node', 'enable', 'a', '--wait'], (_, { kill }) => kill('SIGINT'));
    expect(out).not.to.contain('gone');
    expect(err).to.contain('interrupted; the operator goes on with a');
    expect(code).to.equal(EXIT.interrupted);
  });

  const ends = [
    { name: 'nobody reads what it prints any more', end: 'closeOutput' },
    { name: 'the terminal is gone', end: 'SIGHUP' },
    { name: 'Ctrl-C', end: 'SIGINT' },
  ] as const;
  for (const { name, end } of ends) {
    it(`in the middle of a retry ${name}: both nodes are asked for afterwards`, async () => {
      const ended = Promise.withResolvers<void>();
      let count = 0;
      cluster.beforeWrite = async () => {
        count += 1;
        if (count === 2) await ended.promise; // the second node's, after the first was told
      };
      let told = false;
      await cluster.kwasm(['node', 'retry', 'a', 'b'], (_, started) => {
        if (told) return; // a second Ctrl-C would end it at once
        told = true;
        if (end === 'closeOutput') started.closeOutput();
        else started.kill(end);
        setTimeout(ended.resolve, 200);
      });
      expect(writes().length).to.be.at.least(4);
      expect([cluster.triggerOf('a'), cluster.triggerOf('b')]).to.deep.equal(['true', 'true']);
    });
  }
});
