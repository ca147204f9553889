import { expect } from 'chai';
import { PullPatience } from './pull-patience.ts';

const TIMEOUT = 'failed to do request: dial tcp 10.0.0.9:443: i/o timeout';
const NOT_FOUND = 'failed to resolve reference "r.example/hello:1": r.example/hello:1: not found';

/** Seconds after the first trouble at which it is believed; undefined: within two minutes it was not. */
function believedAfter(troubleAt: (second: number) => { reason: string; message: string } | undefined) {
  const patience = new PullPatience();
  for (let second = 0; second <= 120; second += 1) {
    const trouble = troubleAt(second);
    if (trouble === undefined) patience.forget();
    else if (patience.isSpent(trouble.reason, trouble.message, second * 1000)) return second;
  }
  return undefined;
}

describe('PullPatience', () => {
  it('what is no pull is believed at once', () => {
    expect(believedAfter(() => ({ reason: 'CrashLoopBackOff', message: '' }))).to.equal(0);
    expect(believedAfter(() => ({ reason: 'InvalidImageName', message: '' }))).to.equal(0);
  });

  it('a registry that does not answer has the time of several pulls', () => {
    expect(believedAfter(() => ({ reason: 'ErrImagePull', message: TIMEOUT }))).to.equal(90);
  });

  it('a start that took the kubelet too long has the time of another one, also while the kubelet holds back', () => {
    const message = 'context deadline exceeded; it ended with 128: failed to create shim task: context canceled';
    const at = (second: number) => ({ reason: second < 5 ? 'RunContainerError' : 'CrashLoopBackOff', message });
    expect(believedAfter(at)).to.equal(90);
  });

  it('what no pull can mend has the time of a second one', () => {
    for (const message of [
      NOT_FOUND,
      'pull access denied, repository does not exist or may require authorization',
      'unexpected status from HEAD request to https://r.example/v2/hello: 403 Forbidden',
      'failed to authorize: 401 Unauthorized',
    ])
      expect(
        believedAfter(() => ({ reason: 'ErrImagePull', message })),
        message,
      ).to.equal(30);
  });

  it('a back-off that does not repeat the cause does not make it forgotten', () => {
    const at = (second: number) =>
      second < 5
        ? { reason: 'ErrImagePull', message: NOT_FOUND }
        : { reason: 'ImagePullBackOff', message: 'Back-off pulling image "r.example/hello:1"' };
    expect(believedAfter(at)).to.equal(30);
  });

  it('a cause that has gone by leaves the time of what came after it', () => {
    const at = (second: number) => ({ reason: 'ErrImagePull', message: second < 20 ? NOT_FOUND : TIMEOUT });
    expect(believedAfter(at)).to.equal(90);
  });

  it('a pull that went well begins anew', () => {
    const at = (second: number) => (second === 60 ? undefined : { reason: 'ErrImagePull', message: TIMEOUT });
    expect(believedAfter(at)).to.equal(undefined);
  });

  it('tells the cause, not that there is a back-off', () => {
    const patience = new PullPatience();
    patience.isSpent('ErrImagePull', NOT_FOUND, 0);
    patience.isSpent('ImagePullBackOff', 'Back-off pulling image "r.example/hello:1"', 1000);
    expect(patience.cause).to.equal(NOT_FOUND);
  });
});
