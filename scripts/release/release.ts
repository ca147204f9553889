import type { Progress } from '../cluster/progress.ts';

/** What every stage of a release is told. */
export interface Release {
  readonly root: string;
  readonly registry: string; // HOST[:PORT][/PATH]
  readonly plainHttp: boolean;
  readonly version: string;
  readonly dryRun: boolean;
  /** The directory of the files that are published beside the images. */
  readonly dist: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}
