import type { Verdict } from '../../src/verdict.ts';

/** What one look at the cluster says of one node, on its way from the annotation to the first answer. */
export interface NodeView {
  /** The installer's pod exists. */
  readonly jobMade: boolean;
  readonly installerStarted: boolean;
  /** Once the installer has ended well. */
  readonly verdict: Verdict | undefined;
  readonly labelled: boolean;
  /** The demo's pod on this node. */
  readonly podScheduled: boolean;
  readonly podStarted: boolean;
  readonly answered: boolean;
}

/** In the order in which they come true; each begins where the one before ends. */
const STATIONS = [
  'jobMade',
  'installerStarted',
  'verdict',
  'labelled',
  'podScheduled',
  'podStarted',
  'answered',
] as const satisfies readonly (keyof NodeView)[];
type Station = (typeof STATIONS)[number];

export interface Timeline {
  /** Since the annotation, when it was first seen. */
  readonly ms: Readonly<Partial<Record<Station, number>>>;
  readonly verdict: Verdict | undefined;
}

export const unseen: Timeline = { ms: {}, verdict: undefined };

/** What happened between two looks is given the time of the second. */
export function advance(timeline: Timeline, view: NodeView, sinceMs: number): Timeline {
  const ms = { ...timeline.ms };
  for (const [index, station] of STATIONS.entries()) {
    if (ms[station] !== undefined || !view[station]) continue;
    // A station that was passed between two looks is never seen by itself: it has the time of what it led to.
    for (const passed of STATIONS.slice(0, index + 1)) ms[passed] ??= sinceMs;
  }
  return { ms, verdict: view.verdict ?? timeline.verdict };
}

export function isComplete(timeline: Timeline): boolean {
  return timeline.ms.answered !== undefined;
}

export interface Share {
  readonly what: string;
  readonly ms: number;
}

const NAMES: Readonly<Record<Station, string>> = {
  jobMade: 'its turn, Job scheduled',
  installerStarted: 'image pulled, installer started',
  verdict: 'installer',
  labelled: 'label',
  podScheduled: 'pod scheduled',
  podStarted: 'image pulled, pod started',
  answered: 'first compile, first answer',
};

/** Parts that add up to the whole: the time from the annotation to the first answer. */
export function shares({ ms, verdict }: Timeline): readonly Share[] {
  let before = 0;
  return STATIONS.flatMap((station): readonly Share[] => {
    const at = ms[station] ?? before;
    const whole = at - before;
    before = at;
    return station === 'verdict' ? installerShares(whole, verdict) : [{ what: NAMES[station], ms: whole }];
  });
}

/** The installer measures its own steps; the rest is its start, and the time until its end was seen from here. */
function installerShares(whole: number, verdict: Verdict | undefined): readonly Share[] {
  const steps = (verdict?.steps ?? []).map(({ name, ms }) => ({ what: `installer: ${name}`, ms }));
  const known = steps.reduce((sum, { ms }) => sum + ms, 0);
  return [
    ...steps,
    { what: steps.length === 0 ? 'installer' : 'installer: start and end', ms: Math.max(0, whole - known) },
  ];
}
