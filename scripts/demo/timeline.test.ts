import { expect } from 'chai';
import fc from 'fast-check';
import type { Verdict } from '../../src/verdict.ts';
import { advance, isComplete, type NodeView, shares, type Timeline, unseen } from './timeline.ts';

const nothing: NodeView = {
  jobMade: false,
  installerStarted: false,
  verdict: undefined,
  labelled: false,
  podScheduled: false,
  podStarted: false,
  answered: false,
};

const verdict: Verdict = {
  kind: 'kwasm.sh/verdict',
  version: 1,
  outcome: 'installed',
  reason: 'Installed',
  message: '',
  handlers: ['wasmtime'],
  files: [],
  steps: [
    { name: 'stage', ms: 300 },
    { name: 'restart', ms: 1_200 },
  ],
};

/** Looks at these times, each seeing what the ones before saw. */
function looked(...looks: readonly (readonly [ms: number, seen: Partial<NodeView>])[]): Timeline {
  let [timeline, view] = [unseen, nothing];
  for (const [ms, seen] of looks) {
    view = { ...view, ...seen };
    timeline = advance(timeline, view, ms);
  }
  return timeline;
}

describe('timeline of a node', () => {
  it('gives every step its share of the whole', () => {
    const timeline = looked(
      [250, {}],
      [500, { jobMade: true }],
      [1_500, { installerStarted: true }],
      [4_000, { verdict }],
      [4_250, { labelled: true }],
      [4_500, { podScheduled: true }],
      [6_000, { podStarted: true }],
      [20_000, { answered: true }],
    );
    expect(isComplete(timeline)).to.equal(true);
    expect(shares(timeline)).to.deep.equal([
      { what: 'its turn, Job scheduled', ms: 500 },
      { what: 'image pulled, installer started', ms: 1_000 },
      { what: 'installer: stage', ms: 300 },
      { what: 'installer: restart', ms: 1_200 },
      { what: 'installer: start and end', ms: 1_000 },
      { what: 'label', ms: 250 },
      { what: 'pod scheduled', ms: 250 },
      { what: 'image pulled, pod started', ms: 1_500 },
      { what: 'first compile, first answer', ms: 14_000 },
    ]);
  });

  it('keeps the first sighting, also of what goes away again', () => {
    const timeline = looked([100, { jobMade: true }], [200, { jobMade: true }], [300, { jobMade: false }]);
    expect(timeline.ms.jobMade).to.equal(100);
  });

  it('gives a step that was never seen by itself the time of the next one', () => {
    const timeline = looked([100, { jobMade: true }], [900, { labelled: true }]);
    expect(timeline.ms).to.deep.equal({ jobMade: 100, installerStarted: 900, verdict: 900, labelled: 900 });
  });

  it('has shares that are never negative and add up to the whole', () => {
    const keys = ['jobMade', 'installerStarted', 'labelled', 'podScheduled', 'podStarted', 'answered'] as const;
    const look = fc.tuple(fc.nat(5_000), fc.constantFrom(...keys));
    fc.assert(
      fc.property(fc.array(look), fc.nat(5_000), (looks, lastMs) => {
        let ms = 0;
        const steps = looks.map(([afterMs, key]) => {
          ms += afterMs;
          return [ms, { [key]: true }] as const;
        });
        ms += lastMs;
        const parts = shares(looked(...steps, [ms, { answered: true }]));
        const first = steps.find(([, seen]) => 'answered' in seen)?.[0] ?? ms;
        expect(parts.every((part) => part.ms >= 0)).to.equal(true);
        expect(parts.reduce((sum, part) => sum + part.ms, 0)).to.equal(first);
      }),
    );
  });
});
