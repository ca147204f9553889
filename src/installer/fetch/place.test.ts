import { expect } from 'chai';
import fc from 'fast-check';
import { placeOf, readMirror, shownUrl, withoutSecrets } from './place.ts';

const url = 'https://github.com/o/r/releases/download/a%2Fv1/x.tar.gz?q=1';

describe('a mirror', () => {
  it('takes the place of the scheme, and keeps host and path', () => {
    const mirror = readMirror('https://mirror.example.com:8443/github/');
    expect(String(placeOf(url, mirror))).to.equal(
      'https://mirror.example.com:8443/github/github.com/o/r/releases/download/a%2Fv1/x.tar.gz?q=1',
    );
  });

  it('is none where none is named', () => {
    for (const text of [undefined, '']) expect(String(placeOf(url, readMirror(text)))).to.equal(url);
  });

  it('has its password sent as a header, and shown nowhere', () => {
    const mirror = readMirror('http://me:p%40ss@mirror/');
    expect(mirror?.authorization).to.equal(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    expect(String(placeOf(url, mirror))).to.not.contain('me');
  });

  for (const text of ['mirror.example.com', 'ftp://mirror/', 'https://mirror/?x=', 'https://mirror/#x'])
    it(`is not "${text}"`, () => expect(() => readMirror(text)).to.throw(/KWASM_MIRROR is no prefix/));
});

describe('what is shown of a URL', () => {
  it('is never its query or its user', () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{8,20}$/), (secret) => {
        expect(shownUrl(`https://u:${secret}@h.example/p?sig=${secret}#${secret}`)).to.equal('https://h.example/p');
        expect(withoutSecrets(`no route to http://u:${secret}@h/x, nor https://${secret}@h`)).to.not.contain(secret);
      }),
    ));
});
