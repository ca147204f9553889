import { expect } from 'chai';
import { commandFor, openBrowser } from './browser.ts';

describe('opening a browser', () => {
  it('is done as the desktop does it, and not where there is none', () => {
    expect(commandFor('http://x/#t', 'darwin', {})).to.deep.equal(['open', 'http://x/#t']);
    expect(commandFor('http://x/#t', 'linux', { DISPLAY: ':0' })).to.deep.equal(['xdg-open', 'http://x/#t']);
    expect(commandFor('http://x/#t', 'linux', {})).to.equal(undefined);
  });

  it('says that it could not', async () => {
    expect(await openBrowser('http://x', 'linux', {})).to.equal(false);
  });
});
