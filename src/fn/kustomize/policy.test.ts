import { expect } from 'chai';
import { type Candidate, forbidden, parsePolicy } from './policy.ts';

const D = `sha256:${'a'.repeat(64)}`;
const policy = (body: string) =>
  parsePolicy(`apiVersion: kwasm.sh/v1alpha1\nkind: FunctionPolicy\n${body}`, '/repo/policy.yaml');
const image = (repository: string, pinned = true): Candidate => ({
  digest: D,
  from: { kind: 'image', repository, pinned },
});
const file = (path: string): Candidate => ({ digest: D, from: { kind: 'file', path } });

describe('a policy', () => {
  const cases = [
    { name: 'nothing is allowed by itself', body: 'allow: []', candidate: file('/repo/a.wasm'), may: false },
    { name: 'by digest', body: `allow: [{digest: '${D}'}]`, candidate: file('/elsewhere/a.wasm'), may: true },
    {
      name: 'another digest',
      body: `allow: [{digest: 'sha256:${'b'.repeat(64)}'}]`,
      candidate: file('/repo/a.wasm'),
      may: false,
    },
    { name: 'by path', body: 'allow: [{file: fns/*.wasm}]', candidate: file('/repo/fns/a.wasm'), may: true },
    { name: 'deeper', body: 'allow: [{file: fns/*.wasm}]', candidate: file('/repo/fns/x/a.wasm'), may: false },
    { name: 'at any depth', body: 'allow: [{file: fns/**/*.wasm}]', candidate: file('/repo/fns/x/a.wasm'), may: true },
    { name: 'outside', body: "allow: [{file: '**'}]", candidate: file('/other/a.wasm'), may: false },
    { name: 'by image', body: 'allow: [{image: ghcr.io/mine/*}]', candidate: image('ghcr.io/mine/fn'), may: true },
    {
      name: "somebody else's",
      body: 'allow: [{image: ghcr.io/mine/*}]',
      candidate: image('ghcr.io/mine-not/fn'),
      may: false,
    },
    { name: 'an image is no file', body: "allow: [{file: '**'}]", candidate: image('ghcr.io/mine/fn'), may: false },
    {
      name: 'all of a rule',
      body: `allow: [{image: ghcr.io/**, digest: 'sha256:${'b'.repeat(64)}'}]`,
      candidate: image('ghcr.io/a'),
      may: false,
    },
    {
      name: 'any of the rules',
      body: 'allow: [{file: a}, {image: ghcr.io/**}]',
      candidate: image('ghcr.io/a/b'),
      may: true,
    },
    {
      name: 'not pinned',
      body: 'requireDigest: true\nallow: [{image: ghcr.io/**}]',
      candidate: image('ghcr.io/a', false),
      may: false,
    },
  ];
  for (const { name, body, candidate, may } of cases) {
    it(name, () => expect(forbidden(candidate, policy(body)) === undefined).to.equal(may));
  }
  it('says what would let it run', () => {
    expect(forbidden(file('/repo/a.wasm'), policy('allow: []'))).to.equal(
      `no rule of /repo/policy.yaml allows it; its module is ${D}`,
    );
  });
  for (const body of [
    'allow: [{}]',
    'allow: [{digest: abc}]',
    'alow: []',
    'allow: [{image: a, file: b}]',
    'allow: 1',
  ]) {
    it(`refuses ${body}`, () => expect(() => policy(body)).to.throw('/repo/policy.yaml'));
  }
  it('refuses another kind', () => expect(() => parsePolicy('kind: Policy', 'p')).to.throw('FunctionPolicy'));
});
