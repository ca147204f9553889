import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { dockerCredentials } from './docker-config.ts';

describe("Docker's config", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kwasm-docker-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const find = (config: unknown, registry: string, repository = 'team/fn') => {
    writeFileSync(join(dir, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
    const env = { DOCKER_CONFIG: dir, PATH: `${dir}${delimiter}${process.env['PATH']}` };
    return dockerCredentials(env)(registry, repository);
  };
  const failure = (config: unknown) => find(config, 'r.io').catch((error: unknown) => String(error));
  const helper = (name: string, script: string) => {
    writeFileSync(join(dir, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
    chmodSync(join(dir, `docker-credential-${name}`), 0o755);
  };
  const auth = Buffer.from('me:pa:ss').toString('base64');
  const me = { kind: 'basic', username: 'me', password: 'pa:ss' };

  const cases = [
    { name: 'a registry', config: { auths: { 'r.io': { auth } } }, registry: 'r.io', found: me },
    { name: 'its old address', config: { auths: { 'https://r.io/v1/': { auth } } }, registry: 'r.io', found: me },
    {
      name: 'Docker Hub',
      config: { auths: { 'https://index.docker.io/v1/': { auth } } },
      registry: 'docker.io',
      found: me,
    },
    { name: 'another one', config: { auths: { 'r.io:5000': { auth } } }, registry: 'r.io', found: undefined },
    { name: 'an empty entry', config: { auths: { 'r.io': {} } }, registry: 'r.io', found: undefined },
    {
      name: 'name and password',
      config: { auths: { 'r.io': { username: 'me', password: 'pa:ss' } } },
      registry: 'r.io',
      found: me,
    },
    {
      name: 'an identity',
      config: { auths: { 'r.io': { auth, identitytoken: 't' } } },
      registry: 'r.io',
      found: { kind: 'identity', token: 't' },
    },
    {
      name: 'a registry token',
      config: { auths: { 'r.io': { registrytoken: 't' } } },
      registry: 'r.io',
      found: { kind: 'bearer', token: 't' },
    },
  ];
  for (const { name, config, registry, found } of cases) {
    it(name, async () => expect(await find(config, registry)).to.deep.equal(found));
  }

  /** As the kubelet and podman have it: a key may be of one team's repositories, or of many registries. */
  const keys: readonly { key: string; registry?: string; repository?: string; fits: boolean }[] = [
    { key: 'r.io/team', fits: true },
    { key: 'r.io/team/fn', fits: true },
    { key: 'https://r.io/team/', fits: true },
    { key: 'r.io/team/fn/deeper', fits: false },
    { key: 'r.io/tea', fits: false },
    { key: 'r.io/other', fits: false },
    { key: 'http://r.io', fits: true },
    { key: '*.io', fits: true },
    { key: '*.r.io', fits: false },
    { key: '*.r.io', registry: 'eu.r.io', fits: true },
    { key: '*.r.io', registry: 'a.eu.r.io', fits: false },
    { key: 'r*.r.io/team', registry: 'r7.r.io', fits: true },
    { key: '*', registry: 'r.io', fits: false },
    { key: '*.r.io:5000', registry: 'eu.r.io:5000', fits: true },
    { key: '*.r.io', registry: 'eu.r.io:5000', fits: false },
    { key: 'r.io', registry: 'rxio', fits: false },
    { key: 'docker.io/team', registry: 'docker.io', fits: true },
    { key: 'index.docker.io', registry: 'docker.io', fits: true },
  ];
  for (const { key, registry = 'r.io', repository, fits } of keys) {
    it(`${key} ${fits ? 'is' : 'is not'} for ${registry}`, async () =>
      expect(await find({ auths: { [key]: { auth } } }, registry, repository)).to.deep.equal(fits ? me : undefined));
  }
  it('of several keys the most specific one', async () => {
    const other = Buffer.from('you:x').toString('base64');
    const auths = { 'r.io': { auth: other }, '*.io/team': { auth: other }, 'r.io/team/fn': { auth } };
    expect(await find({ auths }, 'r.io')).to.deep.equal(me);
  });

  it('nobody has logged in', async () => {
    expect(await dockerCredentials({ DOCKER_CONFIG: join(dir, 'none') })('r.io', 'fn')).to.equal(undefined);
  });

  it('an empty DOCKER_CONFIG is none: nothing is read where the command happens to run', async () => {
    mkdirSync(join(dir, '.docker'));
    writeFileSync(join(dir, '.docker', 'config.json'), JSON.stringify({ auths: { 'r.io': { auth } } }));
    expect(await dockerCredentials({ DOCKER_CONFIG: '', HOME: dir })('r.io', 'fn')).to.deep.equal(me);
  });

  it('asks the helper of the registry, which is told its name on stdin', async () => {
    helper(
      'mine',
      'test "$1" = get || exit 1; read host; echo "{\\"ServerURL\\":\\"$host\\",\\"Username\\":\\"me\\",\\"Secret\\":\\"$host!\\"}"',
    );
    const found = await find({ credHelpers: { 'r.io': 'mine' } }, 'r.io');
    expect(found).to.deep.equal({ kind: 'basic', username: 'me', password: 'r.io!' });
  });

  it('takes a token from a helper', async () => {
    helper('store', 'cat >/dev/null; echo \'{"Username":"<token>","Secret":"t"}\'');
    expect(await find({ credsStore: 'store' }, 'r.io')).to.deep.equal({ kind: 'identity', token: 't' });
  });

  it('goes on without, where the helper has no entry', async () => {
    helper('store', 'echo "credentials not found in native keychain"; exit 1');
    expect(await find({ credsStore: 'store' }, 'r.io')).to.equal(undefined);
  });

  it('says what is wrong, and where', async () => {
    helper('broken', 'echo locked; exit 3');
    expect(await failure('{')).to.contain(`${join(dir, 'config.json')} is not JSON`);
    expect(await failure({ auths: 1 })).to.contain('config.json');
    expect(await failure({ credsStore: 'broken' })).to.contain(
      'docker-credential-broken get (for r.io) ended with 3: locked',
    );
    helper('killed', 'kill -TERM $$');
    expect(await failure({ credsStore: 'killed' })).to.contain(
      'docker-credential-killed get (for r.io) was ended, for it took longer than 30 s or by somebody else (SIGTERM)',
    );
    expect(await failure({ credsStore: 'absent' })).to.contain('docker-credential-absent cannot be run');
    expect(await failure({ credsStore: '../x' })).to.contain('which is no name');
  });
});
