import type { Ending } from './ending.ts';
import type { Turn } from './rollout/turn.ts';
import type { ClassView, JobView, NodeView, PodView } from './view.ts';

/** Everything a decision about one node rests on, read from memory at one moment. */
export interface Facts {
  readonly node: NodeView;
  readonly jobs: readonly JobView[];
  readonly pods: readonly PodView[];
  /**
   * What the API server was asked for because a watch may be behind: the pods of a Job that has ended, or that should have,
   * by the Job's uid; a Job that is not there and should be, by its name. What is not there after that is gone.
   */
  readonly asked: ReadonlySet<string>;
  /** Why a Job has no pod, by the Job's uid: the newest FailedCreate. */
  readonly refusals: ReadonlyMap<string, string>;
  readonly classes: readonly ClassView[];
  /** The pods that hold up this node's uninstall, as they were last seen; undefined: not looked at yet. */
  readonly ending: Ending | undefined;
  /** How long the API server has been in reach without a break: kubelets that could not report for a while do so then. */
  readonly heardForMs: number;
  /** Whether a Job may be begun on it now. */
  readonly turn: Turn;
}
