import { expect } from 'chai';
import { EXIT } from '../../src/cli/exit.ts';
import { CommandFile, type Ended, FakeCluster } from './fake-cluster.ts';

/** A script beside the kubeconfig, which names it by a path relative to itself, as kubectl has it. */
describe('a credential plugin', function () {
  this.timeout(60_000);
  const command = new CommandFile();
  before(() => command.build());
  after(() => command.remove());
  let cluster: FakeCluster;
  beforeEach(() => {
    cluster = new FakeCluster(command);
  });
  afterEach(() => cluster.close());

  async function ask(plugin: string): Promise<Ended> {
    cluster.user = { plugin };
    await cluster.open();
    return await cluster.kwasm(['version']);
  }
  const GIVES = `echo '{"kind":"ExecCredential","status":{"token":"from the plugin"}}'`;

  it('gives a token, is told what it is asked for, and finds nobody to talk to where there is no terminal', async () => {
    const { code, err } = await ask(`cat; echo "$KUBERNETES_EXEC_INFO" | grep -q '"interactive":false' && ${GIVES}`);
    expect([code, err]).to.deep.equal([EXIT.ok, '']);
    expect(new Set(cluster.calls.map(({ headers }) => headers.authorization))).to.deep.equal(
      new Set(['Bearer from the plugin']),
    );
  });

  it('tells a person where to log in while it waits', async () => {
    const { code, err } = await ask(`echo 'open https://login.example and type ABC' >&2; ${GIVES}`);
    expect([code, err]).to.deep.equal([EXIT.ok, 'open https://login.example and type ABC\n']);
  });

  const wrong = [
    {
      name: 'fails',
      plugin: 'echo expired >&2; exit 3',
      says: /^expired\nkwasm: .*plugin .* ended with 3; its own words are above\n$/,
    },
    { name: 'is ended', plugin: 'kill -TERM $$', says: /plugin .* was ended \(SIGTERM\)/ },
    { name: 'prints no JSON', plugin: 'echo secret', says: /did not print JSON/ },
    { name: 'prints something else', plugin: 'echo "{}"', says: /did not print an ExecCredential with a status/ },
    { name: 'prints without end', plugin: 'yes', says: /plugin .* prints more than 1048576 bytes/ },
  ];
  for (const { name, plugin, says } of wrong) {
    it(`${name}: said, and its output is not quoted`, async () => {
      const { code, err } = await ask(plugin);
      expect(err).to.match(says).and.not.contain('secret');
      expect(code).to.equal(EXIT.forbidden);
    });
  }
});
