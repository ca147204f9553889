import type { FunctionFile } from '../function-file.ts';

/** What a compiler of one language is given; it gives the path of a component back. */
export interface Compilation {
  readonly folder: string;
  readonly file: FunctionFile;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}
