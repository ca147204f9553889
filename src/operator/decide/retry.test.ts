import { expect } from 'chai';
import { NOW_MS } from './examples.ts';
import { isReason, REASONS } from './reason.ts';
import { attemptsMaxOf, retryOf, retryText } from './retry.ts';

const at = new Date(NOW_MS).toISOString();
const MINUTE_MS = 60_000;

describe('retryOf', () => {
  it('waits longer each time, then leaves it to a person', () => {
    const delays = [1, 2, 3, 4, 5].map((attempts) => {
      const retry = retryOf({ reason: 'Evicted', attempts, at }, NOW_MS);
      return retry.kind === 'later' ? retry.afterMs / MINUTE_MS : retry.kind;
    });
    expect(delays).to.deep.equal([1, 2, 4, 8, 16]);
    expect(retryOf({ reason: 'Evicted', attempts: 6, at }, NOW_MS).kind).to.equal('person');
  });

  it('is due when its time has come, and never later than its delay for a clock that was ahead', () => {
    expect(retryOf({ reason: 'Evicted', attempts: 1, at }, NOW_MS + MINUTE_MS).kind).to.equal('now');
    const ahead = new Date(NOW_MS + 24 * 60 * MINUTE_MS).toISOString();
    expect(retryOf({ reason: 'Evicted', attempts: 1, at: ahead }, NOW_MS)).to.deep.equal({
      kind: 'later',
      afterMs: MINUTE_MS,
    });
  });

  it('never tries again by itself what only a person can mend', () => {
    for (const reason of ['Refused', 'Broken', 'NoHandlers'] as const) {
      expect(retryOf({ reason, attempts: 1, at }, NOW_MS + 1e9).kind, reason).to.equal('person');
    }
  });

  it('restarts containerd for a second attempt after a roll-back, and then no more', () => {
    expect(retryOf({ reason: 'RolledBack', attempts: 1, at }, NOW_MS + 15 * MINUTE_MS).kind).to.equal('now');
    expect(retryOf({ reason: 'RolledBack', attempts: 2, at }, NOW_MS + 1e9).kind).to.equal('person');
  });

  for (const reason of ['InUse', 'PodsAtRisk', 'UninstallRefused'] as const) {
    it(`asks again without end where nothing was touched (${reason}), in a sentence that never changes`, () => {
      const delays = [1, 2, 3, 4, 5, 500].map((attempts) => {
        const retry = retryOf({ reason, attempts, at }, NOW_MS);
        return retry.kind === 'later' ? retry.afterMs / 1000 : retry.kind;
      });
      expect(delays).to.deep.equal([30, 60, 120, 240, 300, 300]);
      expect(retryText(reason, 1, 'uninstall')).to.equal(retryText(reason, 99, 'uninstall'));
    });
  }

  it('sends nobody to take the runtimes off a node that serves, where a mended Shim is enough', () => {
    const text =
      'mend the cause; a changed Shim or installer image is tried at once, else remove the trigger and set it again.';
    expect(retryText('Refused', 1, 'install')).to.equal(`Not tried again by itself: ${text}`);
    expect(retryText('Broken', 1, 'uninstall')).to.not.contain('Shim');
  });

  it('names a way to have an undoing tried again, whatever it came to: there is no trigger to set anew', () => {
    for (const reason of ['UninstallRefused', 'Broken', 'UninstallFailed'] as const) {
      expect(retryText(reason, 6, 'uninstall'), reason).to.contain('annotate this node with kwasm.sh/retry=true');
    }
  });

  it('agrees with the documented list for every reason', () => {
    for (const reason of Object.keys(REASONS).filter(isReason)) {
      const bounded = attemptsMaxOf(reason);
      expect(bounded > 0, reason).to.equal(REASONS[reason].retry !== 'person');
      expect(retryText(reason, 1, 'install')).to.match(/[.]$/);
    }
  });
});

describe('REASONS', () => {
  it('are names the API server takes, each with a meaning and something to do', () => {
    for (const [reason, { meaning, todo }] of Object.entries(REASONS)) {
      expect(reason).to.match(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/);
      expect(meaning).to.match(/\.$/);
      expect(todo).to.match(/\.$/);
    }
  });
});
