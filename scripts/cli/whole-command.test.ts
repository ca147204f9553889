import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { EXIT } from '../../src/cli/exit.ts';
import { type Answer, json, status } from '../../src/operator/kube/fake-server.ts';
import { CommandFile, FakeCluster } from './fake-cluster.ts';

/** The command as people run it, when something of the cluster or of their terminal is not as it should be. */
describe('the whole command', function () {
  this.timeout(60_000);
  const command = new CommandFile();
  before(() => command.build());
  after(() => command.remove());
  let cluster: FakeCluster;
  beforeEach(async () => {
    cluster = new FakeCluster(command);
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
    const { code, out, err } = await cluster.kwasm(['node', 'enable', 'a', '--wait'], (text, { kill }) => {
      if (text.includes('asked for already')) kill('SIGINT');
    });
    expect(out).not.to.contain('gone');
    expect(err).to.contain('interrupted; the operator goes on with a');
    expect(code).to.equal(EXIT.interrupted);
  });

  it('may not list nodes: the version of the command is said all the same', async () => {
    cluster.forbids = ({ url }) => url.pathname === '/api/v1/nodes';
    const { code, out, err } = await cluster.kwasm(['version']);
    expect(out).to.match(/^client {5}0\.0\.0-test \(Node [\d.]+\)\noperator {3}none in namespace kwasm\n$/);
    expect(err).to.match(/^kwasm: cannot list the nodes: .* is forbidden/);
    expect(code).to.equal(EXIT.forbidden);
    const { operator, notRead } = JSON.parse((await cluster.kwasm(['version', '-o', 'json'])).out);
    expect(operator).to.deep.equal({ kind: 'absent', namespace: 'kwasm' });
    expect(notRead).to.have.length(1);
  });

  it('finds no cluster: the version of the command is said all the same', async () => {
    const none = await cluster.kwasm(['version', '--kubeconfig', '/nonexistent']);
    expect(none.out).to.match(/^client {5}0\.0\.0-test \(Node [\d.]+\)\n$/);
    expect([none.code, none.err]).to.deep.equal([EXIT.usage, 'kwasm: the kubeconfig /nonexistent does not exist\n']);
  });

  it('is to follow for a program, which it does not: says so and does not print for people', async () => {
    const { code, out, err } = await cluster.kwasm(['status', '--watch', '-o', 'json']);
    expect([code, out]).to.deep.equal([EXIT.usage, '']);
    expect(err).to.contain('--watch').and.contain('-o json');
  });

  it('is to write where a directory is: says so before the work', async () => {
    const { code, err } = await cluster.kwasm(['support-bundle', '-o', import.meta.dirname]);
    expect(err).to.contain(`${import.meta.dirname} is a directory; name a file`);
    expect([code, cluster.calls]).to.deep.equal([EXIT.usage, []]);
  });

  const POD = /\/pods(\/kwasm-doctor-[^/]*)?(\/log)?$/;
  /** A pod that has run, and whose log is what `log` does; kept in mind is how it is taken away. */
  const doctored = (log: Answer, removal = 200) => {
    cluster.answers = ({ method, url }) => {
      if (!POD.test(url.pathname)) return undefined;
      if (method === 'DELETE') return removal === 200 ? json({}) : status(removal, 'the server is tired');
      if (url.pathname.endsWith('/log')) return log;
      const state = { terminated: { exitCode: 0 } };
      return json({ status: { phase: 'Succeeded', containerStatuses: [{ state }] } });
    };
  };
  const DOCTOR = ['doctor', 'a', '--image', 'i'];

  it('looks at a node, and cannot take its pod away: says which it is', async () => {
    doctored((response) => void response.end('well\n'), 500);
    const { code, out, err } = await cluster.kwasm(DOCTOR);
    expect([code, out.split('\n\n')[1]]).to.deep.equal([EXIT.ok, 'well\n']);
    expect(err).to.match(
      /pod kwasm\/kwasm-doctor-\w+ is still there: .*tired.*kubectl -n kwasm delete pod kwasm-doctor-/,
    );
  });

  it('looks at a node, and nobody reads what it finds: its pod is taken away', async () => {
    doctored((response) => void response.end('well\n'));
    await cluster.kwasm(DOCTOR, (_, { closeOutput }) => closeOutput());
    expect(cluster.calls.filter(({ method }) => method === 'DELETE')).to.have.length(1);
  });

  it('collects a bundle, and is interrupted while it looks at a node: the pod is taken away, and nothing is kept', async () => {
    doctored(() => {}); // the log never comes
    cluster.hasOperator = true;
    const target = join(cluster.directory, 'bundle.tgz');
    const args = ['support-bundle', '-o', target, '--node', 'a', '--node', 'b', '--verbose'];
    const { code } = await cluster.kwasm(args, (text, { kill }) => {
      if (text.includes('kwasm: create')) kill('SIGINT');
    });
    expect(cluster.calls.filter(({ method }) => method === 'DELETE')).to.have.length(1);
    expect([code, existsSync(target)]).to.deep.equal([EXIT.interrupted, false]);
  });

  it('follows the log of a container that runs before the others, to its end', async () => {
    cluster.hasOperator = true;
    const spec = { initContainers: [{ name: 'kwasm-arm' }], containers: [{ name: 'kwasm-provision' }] };
    const initContainerStatuses = [{ name: 'kwasm-arm', state: { running: {} } }];
    const containerStatuses = [{ name: 'kwasm-provision', state: { waiting: { reason: 'PodInitializing' } } }];
    const pod = {
      metadata: { name: 'p' },
      spec,
      status: { phase: 'Pending', initContainerStatuses, containerStatuses },
    };
    cluster.answers = ({ url }) => {
      if (url.pathname.endsWith('/pods')) return json({ metadata: {}, items: [pod] });
      if (!url.pathname.endsWith('/log')) return undefined;
      return (response) => {
        response.write('arming\n');
        if (url.searchParams.get('follow') !== 'true') response.end();
        else setTimeout(() => response.end('armed\n'), 300);
      };
    };
    const { code, out } = await cluster.kwasm(['logs', 'a', '--follow'], (text, { kill }) => {
      if (text.includes('armed')) kill('SIGINT');
    });
    expect([code, out]).to.deep.equal([EXIT.interrupted, '--- p (agent, Pending) kwasm-arm\narming\narmed\n']);
  });

  const answersAll = (answer: Answer) => {
    cluster.answers = () => answer;
  };
  const login: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in to the network</html>');
  };
  const foreign: readonly { name: string; answer: Answer }[] = [
    { name: 'a page', answer: login },
    { name: 'a redirection', answer: (response) => void response.writeHead(302, { location: '/login' }).end() },
    { name: 'nothing at all', answer: json(null) },
  ];
  for (const { name, answer } of foreign) {
    it(`is answered with ${name}, as by a proxy or a login: says that this is no API server`, async () => {
      answersAll(answer);
      const { code, out, err } = await cluster.kwasm(['status']);
      expect(err).to.match(/^kwasm: cannot .*: context fake \(http:.*\) does not answer as an API server does/);
      expect(err).to.contain('Check its server in the kubeconfig').and.not.contain('token');
      expect([code, out]).to.deep.equal([EXIT.unreachable, '']);
    });
  }

  it('is told to come again: does, for every node', async () => {
    const refused = new Set<string>();
    cluster.answers = ({ method, url }) => {
      if (method !== 'PATCH' || refused.has(url.pathname)) return undefined;
      refused.add(url.pathname);
      return status(429, 'too many requests', { 'retry-after': '0' });
    };
    const { code, out } = await cluster.kwasm(['node', 'pause', 'a', 'b']);
    expect([code, out.split('\n').toSorted()]).to.deep.equal([EXIT.ok, ['', 'node/a paused', 'node/b paused']]);
  });

  it("finds the operator's configuration broken: says which ConfigMap, and shows the nodes", async () => {
    cluster.hasOperator = true;
    cluster.answers = ({ url }) =>
      url.pathname.endsWith('/configmaps/kwasm-operator') ? json({ data: { 'config.yaml': 'a: [' } }) : undefined;
    const { out } = await cluster.kwasm(['status']);
    expect(out).to.contain('ConfigMap kwasm/kwasm-operator').and.contain('InstallFailed');
  });

  it('asks what cannot be answered: does not take it for a missing permission', async () => {
    cluster.answers = ({ url }) => (url.pathname === '/version' ? status(404, 'no such page') : undefined);
    const { code, out } = await cluster.kwasm(['check', '--pre']);
    expect(code).to.equal(EXIT.unfit);
    expect(out).to.match(/no such page\s+→ kubectl get --raw/);
  });

  it('has messages that nobody reads: does its work all the same', async () => {
    const { code, out } = await cluster.kwasm(['node', 'pause', 'a', 'b', '--verbose'], (_, { closeMessages }) =>
      closeMessages(),
    );
    expect([code, out.split('\n').length]).to.deep.equal([EXIT.ok, 3]);
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
      await cluster.kwasm(['node', 'retry', 'a', 'b'], (text, started) => {
        if (told || !text.includes('node/a')) return; // a second Ctrl-C would end it at once
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
