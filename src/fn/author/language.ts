/** What a function can be written in with a template of ours; any language that compiles to Wasm can be one's own. */
export const LANGUAGES = ['go', 'rust', 'ts', 'tinygo'] as const;
export type Language = (typeof LANGUAGES)[number];
