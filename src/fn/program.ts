import type { RunFailure } from '../wasm/failure.ts';

/** How a function is named: by a file, or by an image in a registry. */
export type FunctionSource =
  | { readonly kind: 'exec'; readonly command: string }
  | { readonly kind: 'image'; readonly image: string };

export type Answer =
  | { readonly kind: 'ok'; readonly output: string; readonly stderr: string }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly exitCode: number;
      readonly stderr: string;
      /** Results may be in it all the same. */
      readonly output: string | undefined;
      readonly failure: RunFailure | undefined;
    };

/** A function that is ready to be called: its file was found and judged. */
export interface Program {
  /** As the user wrote it. */
  readonly name: string;
  readonly source: FunctionSource;
  readonly isWasm: boolean;
  /** Where it prints its list there is no room for anything else: so not of Go's js functions, which return it. */
  readonly printsList: boolean;
  call(list: string): Promise<Answer>;
}
