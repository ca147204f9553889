import { expect } from 'chai';
import type { Cri } from '../cri/client.ts';
import { assertRunsUs } from './identity.ts';

describe('the containerd that was found', () => {
  const cri = {
    sandboxes: async () => [{ id: 's', pod: 'kwasm/n1', podUid: 'ours', ready: true, handler: '' }],
  } as unknown as Cri;
  const asked = (podUid: string | undefined) =>
    assertRunsUs(cri, '/run/containerd/containerd.sock', podUid).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('is the one that runs us', async () => {
    expect(await asked('ours')).to.equal(undefined);
  });

  it('is not touched where it does not, as a second one beside that of a K3s which is down', async () => {
    const error = await asked('elsewhere');
    expect(error).to.include({ name: 'Error', reason: 'NoRuntime' });
    expect((error as Error).message).to.contain('/run/containerd/containerd.sock');
  });

  it('is believed where nobody says which pod we are, as when the installer is run by hand', async () => {
    expect(await asked(undefined)).to.equal(undefined);
    expect(await asked('')).to.equal(undefined);
  });
});
