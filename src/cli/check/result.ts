/** One question and its answer; a fix beside everything that is not well. */
export type Answer =
  | { readonly kind: 'ok'; readonly said: string }
  | { readonly kind: 'warn'; readonly said: string; readonly fix: string }
  | { readonly kind: 'bad'; readonly said: string; readonly fix: string }
  /** It could not be asked, for a reason that another line tells, or that is no fault. */
  | { readonly kind: 'skipped'; readonly said: string };

export interface Check {
  readonly title: string;
  ask(): Promise<Answer>;
}

export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

export interface Asked {
  readonly section: string;
  readonly title: string;
  readonly answer: Answer;
}

export const ok = (said = ''): Answer => ({ kind: 'ok', said });
export const warn = (said: string, fix: string): Answer => ({ kind: 'warn', said, fix });
export const bad = (said: string, fix: string): Answer => ({ kind: 'bad', said, fix });
export const skipped = (said: string): Answer => ({ kind: 'skipped', said });

export function summary(asked: readonly Asked[]): { readonly passed: boolean; readonly text: string } {
  const count = (kind: Answer['kind']) => asked.filter(({ answer }) => answer.kind === kind).length;
  const passed = count('bad') === 0;
  const parts = [
    `${count('ok')} well`,
    `${count('warn')} to look at`,
    `${count('bad')} wrong`,
    `${count('skipped')} not asked`,
  ];
  return { passed, text: `${passed ? 'Passed' : 'Failed'}: ${parts.join(', ')}` };
}
