import { expect } from 'chai';
import { normalized, objection } from './licence.ts';
import { expression, type Part } from './part.ts';

describe('licences', () => {
  const part = (text: string, over: Partial<Part> = {}): Part => {
    return { kind: 'cargo', name: 'thing', version: '1', licence: expression(text), ...over };
  };

  const fine = [
    'MIT',
    'MIT OR GPL-3.0-only',
    '(MIT OR Apache-2.0) AND Unicode-3.0',
    'Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT',
    'MPL-2.0 OR LGPL-3.0-or-later',
  ];
  for (const text of fine) it(`takes ${text}`, () => expect(objection(part(text))).to.equal(undefined));

  const refused = [
    { text: 'GPL-3.0-only', says: 'GPL-3.0-only' },
    { text: 'MIT AND AGPL-3.0-only', says: 'not in the list' },
    { text: 'LGPL-2.1-only', says: 'not in the list' },
    { text: 'SEE LICENSE IN LICENSE.md', says: 'not an SPDX expression' },
    { text: '', says: 'not an SPDX expression' },
  ];
  for (const { text, says } of refused) {
    it(`refuses '${text}'`, () =>
      expect(objection(part(text)))
        .to.include('cargo thing')
        .and.include(says));
  }

  it('lets an exception pass by its kind and name only', () => {
    const libseccomp = part('LGPL-2.1-only', { kind: 'linked', name: 'libseccomp' });
    expect(objection(libseccomp)).to.equal(undefined);
    expect(objection({ ...libseccomp, kind: 'cargo' })).to.include('LGPL-2.1-only');
  });

  it('does not judge what stands beside our programs', () => {
    expect(objection(part('', { kind: 'deb', licence: { kind: 'named', names: ['GPL-3+'] } }))).to.equal(undefined);
    expect(objection(part('', { kind: 'npm', licence: { kind: 'named', names: ['odd'] } }))).to.include('odd');
  });

  it('reads the slash of old crates', () => {
    expect(normalized('MIT/Apache-2.0')).to.equal('MIT OR Apache-2.0');
    expect(normalized('Apache-2.0 / MIT')).to.equal('Apache-2.0 OR MIT');
  });
});
