import { expect } from 'chai';
import { jobView, NOW_MS, podView, said } from './examples.ts';
import { findingOf, outcomeOf } from './outcome.ts';
import type { ContainerState, JobEnd, PodView } from './view.ts';

const LONG_AGO = NOW_MS - 120_000;
const failed = (reason = 'BackoffLimitExceeded', atMs = LONG_AGO): JobEnd => ({
  kind: 'failed',
  reason,
  message: 'm',
  atMs,
});
const complete: JobEnd = { kind: 'complete', reason: '', message: '', atMs: LONG_AGO };

function outcome(end: JobEnd | undefined, pods: readonly PodView[], refusal?: string, asked = true) {
  return outcomeOf(jobView({ end }), pods, refusal, asked, NOW_MS);
}

function reasonOf(end: JobEnd | undefined, pods: readonly PodView[], refusal?: string): string {
  const result = outcome(end, pods, refusal);
  if (result.kind === 'lost') return result.finding.reason;
  return result.kind === 'running' ? (result.trouble?.reason ?? 'running') : result.kind;
}

const waiting = (reason: string, message = ''): ContainerState => ({ kind: 'waiting', reason, message });
const ended = (exitCode: number, reason: string, text = ''): ContainerState => ({
  kind: 'ended',
  exitCode,
  reason,
  text,
});

describe('outcomeOf', () => {
  const cases: readonly {
    name: string;
    end: JobEnd | undefined;
    pods: readonly PodView[];
    refusal?: string;
    is: string;
  }[] = [
    { name: 'no pod yet', end: undefined, pods: [], is: 'running' },
    { name: 'no pod, for it is refused', end: undefined, pods: [], refusal: 'Error creating: no', is: 'PodRefused' },
    {
      name: 'refused first, then made',
      end: undefined,
      pods: [podView({ kind: 'running' })],
      refusal: 'x',
      is: 'running',
    },
    { name: 'container being created', end: undefined, pods: [podView(waiting('ContainerCreating'))], is: 'running' },
    { name: 'image not there', end: undefined, pods: [podView(waiting('ErrImagePull', 'x'))], is: 'ImagePullFailed' },
    { name: 'image back-off', end: undefined, pods: [podView(waiting('ImagePullBackOff'))], is: 'ImagePullFailed' },
    { name: 'image name wrong', end: undefined, pods: [podView(waiting('InvalidImageName'))], is: 'ImagePullFailed' },
    {
      name: 'missing ConfigMap',
      end: undefined,
      pods: [podView(waiting('CreateContainerConfigError'))],
      is: 'ContainerNotStarted',
    },
    { name: 'verdict', end: complete, pods: [podView(said('installed', ['a']))], is: 'verdict' },
    { name: 'verdict of a failure', end: failed(), pods: [podView(said('broken'))], is: 'verdict' },
    { name: 'exit 0 without a word', end: complete, pods: [podView(ended(0, 'Completed'))], is: 'NoVerdict' },
    {
      name: 'exit 1 with a log tail',
      end: failed(),
      pods: [podView(ended(1, 'Error', 'sh: not found'))],
      is: 'NoVerdict',
    },
    { name: 'pods gone', end: failed(), pods: [], is: 'NoVerdict' },
    { name: 'never had a pod', end: failed('DeadlineExceeded'), pods: [], refusal: 'quota', is: 'PodRefused' },
    { name: 'deadline', end: failed('DeadlineExceeded'), pods: [], is: 'DeadlineExceeded' },
    { name: 'out of memory', end: failed(), pods: [podView(ended(137, 'OOMKilled'))], is: 'OutOfMemory' },
    { name: 'evicted', end: failed(), pods: [podView(ended(137, 'Error'), { reason: 'Evicted' })], is: 'Evicted' },
    {
      name: 'refused by the kubelet',
      end: failed(),
      pods: [podView(waiting(''), { phase: 'Failed', reason: 'OutOfcpu' })],
      is: 'PodRejected',
    },
    {
      name: "another Job's pod says nothing",
      end: complete,
      pods: [podView(said('installed'), { jobUid: 'other' })],
      is: 'NoVerdict',
    },
  ];
  for (const { name, end, pods, refusal, is } of cases) {
    it(`${name}: ${is}`, () => expect(reasonOf(end, pods, refusal)).to.equal(is));
  }

  it('lets a pod trail its Job for a moment, whichever clock is ahead, and then has it read', () => {
    const next = (atMs: number, pods: readonly PodView[]) => {
      const result = outcome(failed('BackoffLimitExceeded', atMs), pods, undefined, false);
      return result.kind === 'settling' ? result.next : result.kind;
    };
    for (const pods of [[], [podView({ kind: 'running' })]]) {
      for (const atMs of [NOW_MS, NOW_MS - 10_000, NOW_MS + 10_000])
        expect(next(atMs, pods)).to.deep.equal({ kind: 'recheck', afterMs: 1000 });
      for (const atMs of [NOW_MS - 16_000, LONG_AGO])
        expect(next(atMs, pods)).to.deep.equal({ kind: 'readPods', job: 'job-1' });
      expect(reasonOf(failed('BackoffLimitExceeded', LONG_AGO), pods), 'read').to.equal('NoVerdict');
    }
    expect(next(LONG_AGO, [podView(said('installed', ['a']))]), 'the watch has told of it').to.equal('verdict');
    expect(outcome(failed('DeadlineExceeded'), [], undefined, false).kind, 'its pods were deleted').to.equal('lost');
  });

  it('believes the newest pod', () => {
    const older = podView(said('failed'), { uid: 'a', createdMs: NOW_MS - 50_000 });
    const newer = podView(said('unchanged', ['wasmtime']), { uid: 'b', createdMs: NOW_MS - 10_000 });
    for (const pods of [
      [older, newer],
      [newer, older],
    ]) {
      const result = outcome(failed(), pods);
      expect(result.kind === 'verdict' && result.verdict.outcome).to.equal('unchanged');
    }
  });

  describe('of a guarded Job', () => {
    const guarded = (theirs: ContainerState, guard: ContainerState, arm: ContainerState = ended(0, 'Completed')) =>
      podView(theirs, {
        containers: [
          { name: 'kwasm-arm', state: arm },
          { name: 'kwasm-provision', state: theirs },
          { name: 'kwasm-guard', state: guard },
        ],
      });

    it('is what the guard says, whatever a third-party installer claims', () => {
      const result = outcome(failed(), [guarded(said('installed', ['spin']), said('rolledBack'))]);
      expect(result.kind === 'verdict' && result.verdict.outcome).to.equal('rolledBack');
      expect(reasonOf(failed(), [guarded(said('installed', ['spin']), ended(137, 'Error'))])).to.equal('NoVerdict');
    });

    it('is not the arm container saying that it is armed, when the guard was lost', () => {
      const told = said('unchanged');
      const armed = told.kind === 'ended' ? { ...told, text: told.text.replace('"Because"', '"Armed"') } : told;
      expect(reasonOf(failed(), [guarded(ended(0, 'Completed'), ended(137, 'Error'), armed)])).to.equal('NoVerdict');
      expect(reasonOf(undefined, [guarded({ kind: 'running' }, { kind: 'running' }, armed)])).to.equal('running');
    });

    it("is read before the Job's end: a pod whose sandbox the roll-back has ended may keep a container waiting", () => {
      const result = outcome(undefined, [guarded(waiting('ContainerCreating'), said('rolledBack'))]);
      expect(result.kind === 'verdict' && result.verdict.outcome).to.equal('rolledBack');
    });

    it('is what the arm container says when it stopped everything', () => {
      const result = outcome(failed(), [
        guarded(waiting('PodInitializing'), waiting('PodInitializing'), said('refused')),
      ]);
      expect(result.kind === 'verdict' && result.verdict.outcome).to.equal('refused');
    });
  });

  it('says one thing while the kubelet alternates between its two words for a failed pull', () => {
    const cause = 'rpc error: code = NotFound desc = reg/x:1: not found';
    const texts = [
      waiting('ErrImagePull', cause),
      waiting('ImagePullBackOff', `Back-off pulling image "reg/x:1": ErrImagePull: ${cause}`),
    ].map((state) => {
      const result = outcome(undefined, [podView(state)]);
      return result.kind === 'running' ? result.trouble?.message : undefined;
    });
    expect(texts[0]).to.equal('the image of container kwasm-provision cannot be pulled: reg/x:1: not found');
    expect(texts[1]).to.equal(texts[0]);
  });
});

describe('findingOf', () => {
  function reasonFor(state: ContainerState, action: 'install' | 'uninstall'): string | undefined {
    const result = outcome(complete, [podView(state)]);
    return result.kind === 'verdict' ? findingOf(result.verdict, action)?.reason : 'no verdict';
  }

  it('is nothing when the run did what it should', () => {
    expect(reasonFor(said('installed', ['a']), 'install')).to.equal(undefined);
    expect(reasonFor(said('unchanged', ['a']), 'install')).to.equal(undefined);
    expect(reasonFor(said('uninstalled'), 'uninstall')).to.equal(undefined);
    expect(reasonFor(said('absent'), 'uninstall')).to.equal(undefined);
  });

  it('takes no success without a handler, nor of the other kind', () => {
    expect(reasonFor(said('installed'), 'install')).to.equal('NoHandlers');
    expect(reasonFor(said('absent'), 'install')).to.equal('NoVerdict');
    expect(reasonFor(said('installed', ['a']), 'uninstall')).to.equal('NoVerdict');
  });

  it('knows a refusal that ends by itself', () => {
    const { text } = said('refused') as { text: string };
    for (const reason of ['InUse', 'PodsAtRisk']) {
      const refused = text.replace('"Because"', JSON.stringify(reason));
      expect(reasonFor({ kind: 'ended', exitCode: 10, reason: 'Error', text: refused }, 'uninstall')).to.equal(reason);
    }
  });

  it('keeps what went wrong apart', () => {
    expect(
      ['refused', 'failed', 'rolledBack', 'broken'].map((is) => reasonFor(said(is as 'failed'), 'install')),
    ).to.deep.equal(['Refused', 'InstallFailed', 'RolledBack', 'Broken']);
    expect(reasonFor(said('failed'), 'uninstall')).to.equal('UninstallFailed');
  });
});
