import { resolve } from 'node:path';
import { expect } from 'chai';
import { EXIT } from '../exit.ts';
import { type KubeconfigFile, selectContext } from './kubeconfig.ts';

const file = (text: string, directory = '/home/me/.kube'): KubeconfigFile => ({
  path: `${directory}/config`,
  directory,
  text,
});
const ONE = file(`
current-context: a
clusters: [{name: c, cluster: {server: https://one.example:6443, certificate-authority: pki/ca.crt}}]
users: [{name: u, user: {client-certificate: /abs/me.crt, client-key: me.key, tokenFile: ../token}}]
contexts: [{name: a, context: {cluster: c, user: u, namespace: wasm}}, {name: anonymous, context: {cluster: c}}]
`);
const TWO = file(
  `
current-context: b
clusters: [{name: c, cluster: {server: https://two.example}}, {name: d, cluster: {server: https://two.example}}]
users: [{name: v, user: {token: secret}}]
contexts: [{name: b, context: {cluster: d, user: v}}, {name: lost, context: {cluster: gone, user: v}}]
`,
  '/etc/kube',
);

const BESIDE = file(`
current-context: a
clusters: [{name: c, cluster: {server: https://one.example}}]
users: [{name: u, user: {exec: {apiVersion: v1, command: ./plugin}}}]
contexts: [{name: a, context: {cluster: c, user: u}}]
`);

describe('a kubeconfig', () => {
  it('is read with paths from where the file is', () => {
    const { context, cluster, user, namespace } = selectContext([ONE], undefined);
    expect({ context, namespace }).to.deep.equal({ context: 'a', namespace: 'wasm' });
    expect(cluster['certificate-authority']).to.equal('/home/me/.kube/pki/ca.crt');
    expect(user).to.include({
      'client-certificate': '/abs/me.crt',
      'client-key': '/home/me/.kube/me.key',
      tokenFile: '/home/me/token',
    });
  });

  it('of several files, the first that says something wins', () => {
    expect(selectContext([ONE, TWO], undefined).context).to.equal('a');
    expect(selectContext([TWO, ONE], undefined).context).to.equal('b');
    expect(selectContext([TWO, ONE], 'a').cluster.server, 'cluster c of the first file').to.equal(
      'https://two.example',
    );
    expect(selectContext([ONE, TWO], 'b').user.token).to.equal('secret');
  });

  it('may name nobody', () => {
    expect(selectContext([ONE], 'anonymous').user).to.deep.equal({});
  });

  it('may have keys without a value, as templates leave them', () => {
    const text = `
preferences:
current-context: a
clusters: [{name: c, cluster: {server: https://one.example, certificate-authority: , insecure-skip-tls-verify: , proxy-url: }}]
users: [{name: u, user: }, {name: v, user: {token: , client-key: , exec: }}]
contexts: [{name: a, context: {cluster: c, user: u, namespace: }}, {name: b, context: {cluster: c, user: v}}, {name: e, context: {cluster: c, user: }}]
`;
    for (const context of ['a', 'b', 'e']) {
      const { namespace, user } = selectContext([file(text)], context);
      expect([namespace, user.token, user.exec]).to.deep.equal([undefined, undefined, undefined]);
    }
  });

  it('names a plugin beside itself by a path, and one of $PATH by a word', () => {
    const commands = ['./plugin', 'bin/plugin', 'aws', '/usr/bin/aws'].map((command) => {
      const users = [{ name: 'u', user: { exec: { apiVersion: 'v1', command } } }];
      const contexts = [{ name: 'a', context: { cluster: 'c', user: 'u' } }];
      const config = { 'current-context': 'a', clusters: [{ name: 'c', cluster: { server: 's' } }], users, contexts };
      return selectContext([file(JSON.stringify(config))], undefined).user.exec?.command;
    });
    const here = selectContext([{ ...BESIDE, directory: '.' }], undefined).user.exec?.command;
    expect(here, 'a kubeconfig that is named without its directory').to.equal(resolve('plugin'));
    expect(commands).to.deep.equal(['/home/me/.kube/plugin', '/home/me/.kube/bin/plugin', 'aws', '/usr/bin/aws']);
  });

  const refused: readonly { name: string; files: readonly KubeconfigFile[]; context?: string; says: RegExp }[] = [
    { name: 'an unknown context', files: [ONE], context: 'x', says: /no context x; there are: a, anonymous/ },
    { name: 'a cluster that is not there', files: [TWO], context: 'lost', says: /cluster gone, which is not there/ },
    { name: 'no current context', files: [file('{}')], says: /no current context: name one with --context/ },
    { name: 'what is no YAML', files: [file('a: [')], says: /\.kube\/config is not YAML/ },
    { name: 'a wrong shape', files: [file('clusters: 7')], says: /clusters: / },
  ];
  for (const { name, files, context, says } of refused) {
    it(`says what is wrong with ${name}`, () => {
      expect(() => selectContext(files, context))
        .to.throw(says)
        .with.property('exitCode', EXIT.usage);
    });
  }
});
