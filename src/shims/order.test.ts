import { expect } from 'chai';
import fc from 'fast-check';
import { Terminal } from '../errors.ts';
import { type Order, parseOrders, printOrders } from './order.ts';

const digest = 'a'.repeat(64);

function order(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'spin',
    handler: 'spin',
    binary: 'containerd-shim-spin-v2',
    version: '0.25.1',
    options: { SystemdCgroup: true },
    platforms: [{ arch: 'amd64', source: { kind: 'bundled' } }],
    ...change,
  };
}

const from = (source: Record<string, unknown>) => order({ platforms: [{ arch: 'amd64', source }] });
const https = { kind: 'https', url: 'https://example.com/a/spin.tar.gz', sha256: digest };
const image = { kind: 'image', reference: `registry.example.com:5000/x@sha256:${digest}`, path: 'bin/shim' };

describe('an order', () => {
  const good: readonly (readonly [string, Record<string, unknown>])[] = [
    ['from the image', order()],
    ['without options', order({ options: undefined })],
    ['over https', from(https)],
    ['over https, all named', from({ ...https, member: 'bin/containerd-shim-spin-v2', sizeMax: 268_435_456 })],
    ['from an image', from(image)],
    ['for two architectures', order({ platforms: ['amd64', 'arm64'].map((arch) => ({ arch, source: https })) })],
  ];
  for (const [name, given] of good) {
    it(`is taken: ${name}`, () => {
      const [parsed] = parseOrders(JSON.stringify([given]));
      expect(parsed).to.deep.equal({ options: {}, ...JSON.parse(JSON.stringify(given)) });
    });
  }

  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ['no list', order(), /\(top\)/],
    ['nothing', [], /\(top\)/],
    ['a handler with capitals', [order({ handler: 'Spin' })], /0\.handler: must be a handler/],
    ['a binary with a path', [order({ binary: '../sh' })], /0\.binary: must be a file name/],
    ['no digest', [from({ ...https, sha256: undefined })], /sha256/],
    ['a short digest', [from({ ...https, sha256: 'abc' })], /64 digits/],
    ['plain http', [from({ ...https, url: 'http://example.com/x' })], /must be an https/],
    ['a user name in the URL', [from({ ...https, url: 'https://a:b@example.com/x' })], /without a user name/],
    ['a member outside', [from({ ...https, member: '../../etc/passwd' })], /without "\.\."/],
    ['a member deep outside', [from({ ...https, member: 'a/../../b' })], /without "\.\."/],
    ['an absolute member', [from({ ...https, member: '/bin/sh' })], /relative path/],
    ['an image by tag', [from({ ...image, reference: 'registry.example.com/x:1' })], /ends in @sha256/],
    ['an unknown field', [order({ checked: true })], /checked/],
    ['an unknown field of a source', [from({ ...https, trusted: true })], /trusted/],
    ['an option that is a table', [order({ options: { a: { b: 1 } } })], /options/],
    ['an option whose key is no bare key', [order({ options: { 'a]\nb': 1 } })], /0\.options/],
    [
      'two sources for one architecture',
      [order({ platforms: [1, 2].map(() => ({ arch: 'amd64', source: https })) })],
      /one source/,
    ],
    ['one handler twice', [order(), order({ name: 'other' })], /two orders name one handler/],
    ['one name twice', [order(), order({ handler: 'other' })], /two orders have one name/],
  ];
  for (const [name, given, problem] of bad) {
    it(`is refused: ${name}`, () => {
      expect(() => parseOrders(JSON.stringify(given))).to.throw(Terminal, problem);
    });
  }

  it('that is no JSON is refused', () => {
    expect(() => parseOrders('[{')).to.throw(Terminal, /KWASM_SHIMS is not JSON/);
  });
});

describe('printOrders', () => {
  const one = (name: string) => parseOrders(JSON.stringify([order({ name, handler: name })]))[0] as Order;

  it('says the same whatever order the parts came in, and parses again', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(names, (all) => {
        const text = printOrders(all.map(one));
        expect(printOrders([...all].reverse().map(one))).to.equal(text);
        expect(printOrders(parseOrders(text))).to.equal(text);
      }),
    );
  });

  it('sorts options, architectures and the fields of a source', () => {
    const { url, sha256, kind } = https;
    const platforms = [
      { arch: 'amd64', source: { kind, url, sha256 } },
      { arch: 'arm64', source: { kind, url, sha256 } },
    ] as const;
    const mixed = [
      { arch: 'arm64', source: { sha256, url, kind } },
      { arch: 'amd64', source: { url, kind, sha256 } },
    ] as const;
    const a = { ...one('spin'), options: { b: 1, a: 2 }, platforms } as unknown as Order;
    const b = { ...one('spin'), options: { a: 2, b: 1 }, platforms: mixed } as unknown as Order;
    expect(printOrders([b])).to.equal(printOrders([a]));
  });
});
