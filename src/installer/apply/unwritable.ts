/** What keeps even root from writing a file. It takes a person; a retry finds the same. */
const WHY: Readonly<Record<string, string>> = {
  EROFS: 'its file system is read-only',
  EPERM: 'the system does not permit it; lsattr shows whether it is immutable',
  EBUSY: 'it is a mount of its own, which no file can take the place of',
};
/** As cp says it, in the C locale that it gets. */
const SAID = /Read-only file system|Operation not permitted|Device or resource busy/;

/** What to tell a person; undefined: the error is another one. */
export function unwritableText(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, path, dest, stderr } = error as Readonly<Record<string, unknown>>;
  const target = typeof dest === 'string' ? dest : path;
  const why = typeof code === 'string' ? WHY[code] : undefined;
  if (why !== undefined && typeof target === 'string') return `${target} cannot be written: ${why}`;
  return typeof stderr === 'string' && SAID.test(stderr)
    ? `a file cannot be written: ${stderr.trim().split('\n').at(-1)}`
    : undefined;
}
