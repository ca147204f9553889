import type { NodeRow, State } from '../../wire.ts';

/** Each state has a word and a shape of its own: colour only repeats what they say. */
export const WORDS: Readonly<Record<State, { readonly word: string; readonly means: string }>> = {
  failed: { word: 'failed', means: 'a person must act' },
  retrying: { word: 'retrying', means: 'failed, and tried again by itself' },
  held: { word: 'held', means: 'paused, or behind a failure of its kind' },
  working: { word: 'in work', means: 'being changed now' },
  waiting: { word: 'waiting', means: 'not its turn yet' },
  ready: { word: 'ready', means: 'proved; Wasm pods can come' },
  idle: { word: 'not asked', means: 'nobody asked for it' },
};

/** A node in one line. */
export function labelOf({ name, state, reason, handlers, ready }: NodeRow): string {
  const why = state === 'ready' ? handlers.join(' and ') : reason;
  return [`${name}: ${WORDS[state].word}`, why, ready ? '' : 'node not Ready'].filter(Boolean).join(', ');
}
