import { expect } from 'chai';
import { formatReference, manifestKey, parseReference } from './reference.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('image reference', () => {
  const cases = [
    { text: 'localhost:5000/fns/setns', whole: 'localhost:5000/fns/setns:latest', key: 'latest' },
    { text: 'localhost/fns', whole: 'localhost/fns:latest', key: 'latest' },
    { text: 'ghcr.io/a/b:v1.2', whole: 'ghcr.io/a/b:v1.2', key: 'v1.2' },
    { text: `ghcr.io/a/b@${DIGEST}`, whole: `ghcr.io/a/b@${DIGEST}`, key: DIGEST },
    { text: `ghcr.io/a/b:v1@${DIGEST}`, whole: `ghcr.io/a/b:v1@${DIGEST}`, key: DIGEST },
    { text: 'nginx', whole: 'docker.io/library/nginx:latest', key: 'latest' },
    { text: 'team/fn:v1', whole: 'docker.io/team/fn:v1', key: 'v1' },
    { text: 'index.docker.io/team/fn', whole: 'docker.io/team/fn:latest', key: 'latest' },
    { text: '[::1]:5000/fn', whole: '[::1]:5000/fn:latest', key: 'latest' },
    { text: 'a.b/c__d/e--f', whole: 'a.b/c__d/e--f:latest', key: 'latest' },
  ];
  for (const { text, whole, key } of cases) {
    it(text, () => {
      const reference = parseReference(text);
      expect(formatReference(reference)).to.equal(whole);
      expect(manifestKey(reference)).to.equal(key);
      expect(parseReference(whole)).to.deep.equal(reference);
    });
  }

  const bad = [
    '',
    'https://ghcr.io/a',
    'ghcr.io/A/b',
    'ghcr.io/a/',
    'ghcr.io/a:',
    'ghcr.io/../a',
    'ghcr.io/a@sha256:12',
    'ghcr.io/a@md5:00',
    'a b',
    'ghcr.io/a?x=1',
    'ghcr.io:99999999/a',
    'ghcr.io:65536/a',
    '10.0.0.999:5000/a',
    '[::1::]/a',
    `ghcr.io/${'a'.repeat(256)}`,
    `ghcr.io/a:${'v'.repeat(129)}`,
  ];
  for (const text of bad) {
    it(`refuses '${text.slice(0, 30)}'`, () => expect(() => parseReference(text)).to.throw('it is written HOST'));
  }
});
