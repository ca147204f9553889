/** Set when the bundle is built; a run from source has none. */
declare const KWASM_CLIENT_VERSION: string | undefined;

export const CLIENT_VERSION: string = typeof KWASM_CLIENT_VERSION === 'string' ? KWASM_CLIENT_VERSION : 'dev';
