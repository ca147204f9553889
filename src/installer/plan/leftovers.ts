import { basename, dirname } from 'node:path/posix';
import { PREFIXES } from './shim.ts';

/**
 * What KWasm's installer, its relatives and its successor leave outside containerd's configuration. KWasm had no uninstall;
 * runtime-class-manager forgets a node whose label goes first.
 */
export interface Found {
  readonly path: string;
  readonly is:
    | { readonly kind: 'file'; readonly bytes: number; readonly sha256: string }
    /** `target` absolute, one step of it. */
    | { readonly kind: 'link'; readonly target: string }
    | { readonly kind: 'other' };
}

/** What may still need a file. */
export interface Uses {
  /** Everything that containerd reads. */
  readonly texts: readonly { readonly path: string; readonly text: string }[];
  /** Types of all handlers, written or live: a name such as `io.containerd.spin.v2` is looked up as a program. */
  readonly types: readonly string[];
  /** Programs of running processes. */
  readonly programs: readonly string[];
  /** What pods were started with. */
  readonly bundles: readonly string[];
}

export interface Judged {
  /** In the order in which they may go: what points at a file before the file. */
  readonly remove: readonly string[];
  readonly keep: readonly { readonly path: string; readonly why: string }[];
}

export const KWASM_ROOTS = PREFIXES;
export const RCM_ROOT = '/opt/rcm';
export const RCM_LOCK = `${RCM_ROOT}/rcm-lock.json`;

const ROOT = KWASM_ROOTS.join('|');
const SHIM = 'containerd-shim-(?:lunatic|slight|spin|wws|wasmedge|wasmer|wasmtime)-v[12]';
const LIBRARY = 'lib(?:wasmedge|wasmtime)\\.so';
const BINARY = new RegExp(`^(?:${ROOT})/bin/(?:${SHIM}|crun)$`);
const LIBRARIES = new RegExp(`^(?:${ROOT})/lib/${LIBRARY}$`);
const MARKER = new RegExp(`^(?:${ROOT})/active$`);
const PROGRAM_LINK = new RegExp(`^/(?:usr/local/bin|usr/bin|bin)/${SHIM}$`);
const LIBRARY_LINK = new RegExp(`^/(?:usr/)?lib/${LIBRARY}(?:\\.\\d+)*$`);

/** `lock`: path to SHA-256, as runtime-class-manager wrote it down. */
export function judgeLeftovers(found: readonly Found[], uses: Uses, lock: ReadonlyMap<string, string>): Judged {
  const reasons = new Map(found.map((one) => [one.path, strange(one, lock) ?? needed(one.path, uses)]));
  const kept = () => found.filter(({ path }) => reasons.get(path) !== undefined);
  // What is kept may need another, and that a third: until nothing more is found.
  for (let size = -1; size !== kept().length; ) {
    size = kept().length;
    for (const { path, why } of neededByKept(kept(), found, lock)) {
      if (reasons.has(path)) reasons.set(path, reasons.get(path) ?? why);
    }
  }
  const remove = found.filter(({ path }) => reasons.get(path) === undefined);
  const links = remove.filter(({ is }) => is.kind === 'link');
  return {
    remove: [...links, ...remove.filter((one) => !links.includes(one))].map(({ path }) => path),
    keep: kept().map(({ path }) => ({ path, why: reasons.get(path) ?? '' })),
  };
}

/** A link its target, crun and the old shims their libraries, the list its files. */
function neededByKept(
  kept: readonly Found[],
  found: readonly Found[],
  lock: ReadonlyMap<string, string>,
): readonly { readonly path: string; readonly why: string }[] {
  const targets = kept.flatMap(({ path, is }) =>
    is.kind === 'link' ? [{ path: is.target, why: `${path} points at it` }] : [],
  );
  const binary = kept.find(({ path }) => BINARY.test(path));
  const libraries = found.filter(({ path }) => LIBRARIES.test(path) || LIBRARY_LINK.test(path));
  const listed = kept.find(({ path }) => lock.has(path));
  return [
    ...targets,
    ...(binary === undefined ? [] : libraries.map(({ path }) => ({ path, why: `${binary.path} may need it` }))),
    ...(listed === undefined ? [] : [{ path: RCM_LOCK, why: `${listed.path} stays` }]),
  ];
}

/** undefined: provably theirs, by its path, its kind and what can be known of its content. */
function strange({ path, is }: Found, lock: ReadonlyMap<string, string>): string | undefined {
  if (PROGRAM_LINK.test(path) || LIBRARY_LINK.test(path)) {
    const theirs = is.kind === 'link' && (BINARY.test(is.target) || LIBRARIES.test(is.target));
    return theirs && sameName(path, is.target) ? undefined : 'points elsewhere';
  }
  if (is.kind !== 'file') return 'is not known';
  if (MARKER.test(path)) return is.bytes === 0 ? undefined : 'is not empty, as theirs was';
  if (BINARY.test(path) || LIBRARIES.test(path) || path === RCM_LOCK) return undefined;
  const known = lock.get(path);
  if (known === undefined || dirname(path) !== `${RCM_ROOT}/bin`) return 'is not known';
  return known === is.sha256 ? undefined : `is not what ${RCM_LOCK} says`;
}

/** A library's links carry versions behind its name. */
const sameName = (link: string, target: string): boolean =>
  basename(link) === basename(target) || basename(link).startsWith(`${basename(target)}.`);

function needed(path: string, { texts, types, programs, bundles }: Uses): string | undefined {
  // Beside itself by its other names: /bin is /usr/bin on most distributions.
  const name = PROGRAM_LINK.test(path) ? `/bin/${basename(path)}` : path;
  const file = texts.find(({ text }) => text.includes(name));
  if (file !== undefined) return `${file.path} names it`;
  if (programs.includes(path)) return 'a process runs from it';
  if (types.includes(path)) return 'containerd serves it';
  if (bundles.includes(path)) return 'a pod was started with it';
  const byName = types.find((type) => programOf(type) === basename(path));
  return byName === undefined ? undefined : `the handler of type ${byName} is looked up by this name`;
}

/** As containerd makes a program's name of a type's: the last two parts. */
function programOf(type: string): string | undefined {
  const parts = type.startsWith('/') ? [] : type.split('.');
  return parts.length < 3 ? undefined : `containerd-shim-${parts.at(-2)}-${parts.at(-1)}`;
}

const NAMED_MAX = 12;

/** For the person who has to look after the rest; empty when there was nothing. */
export function leftoversText({ remove, keep }: Judged): string {
  const list = (all: readonly string[]) =>
    all.slice(0, NAMED_MAX).join(', ') + (all.length > NAMED_MAX ? ` and ${all.length - NAMED_MAX} more` : '');
  return [
    remove.length === 0 ? '' : `; removed of what other installers had left: ${list(remove)}`,
    keep.length === 0 ? '' : `; left alone: ${list(keep.map(({ path, why }) => `${path} (${why})`))}`,
  ].join('');
}
