/**
 * What a power cut may leave of a disk. A file's bytes are safe after an fsync of the file, a name after an fsync of its
 * directory (of both, for a rename between two); sync() makes everything safe. What is not safe may be there or not, in
 * any combination: stricter than any journaling file system, which keeps some order.
 */
export type Ino = number;
export type Inode =
  | { readonly kind: 'dir' }
  | { readonly kind: 'file'; readonly mode: number }
  | { readonly kind: 'link'; readonly to: string };

/** One change that a crash keeps or loses as a whole. */
export type Change =
  /** Names set or (undefined) taken away. */
  | {
      readonly kind: 'names';
      readonly set: readonly { readonly dir: Ino; readonly name: string; readonly ino: Ino | undefined }[];
    }
  /** The bytes of a file from now on. */
  | { readonly kind: 'bytes'; readonly ino: Ino; readonly bytes: Buffer }
  | { readonly kind: 'mode'; readonly ino: Ino; readonly mode: number };

export type Event =
  | { readonly kind: 'change'; readonly change: Change; readonly what: string }
  | { readonly kind: 'sync'; readonly ino: Ino }
  | { readonly kind: 'syncAll' };

/** Path -> what is there. */
export type Node =
  | { readonly kind: 'dir' }
  | { readonly kind: 'link'; readonly to: string }
  | { readonly kind: 'file'; readonly bytes: Buffer; readonly mode: number };
export type Tree = ReadonlyMap<string, Node>;

export interface Recording {
  readonly inodes: ReadonlyMap<Ino, Inode>;
  /** Safe from the start. */
  readonly initial: readonly Change[];
  readonly events: readonly Event[];
  readonly root: Ino;
}

export interface CrashState {
  readonly after: number;
  readonly lost: readonly string[];
  readonly tree: Tree;
}

/** So many unsafe changes are tried in every combination; of more, each alone, each left out, and each order's beginning. */
const COMBINED_MAX = 7;

export function* crashStates(recording: Recording): Generator<CrashState> {
  const seen = new Set<string>();
  for (let after = 0; after <= recording.events.length; after += 1) {
    const changes = changesUntil(recording, after);
    const unsafe = changes.filter(({ safe }) => !safe).map(({ index }) => index);
    for (const kept of subsets(unsafe)) {
      const chosen = changes.filter(({ index, safe }) => safe || kept.has(index));
      const tree = treeOf(recording, [...recording.initial, ...chosen.map(({ change }) => change)]);
      const key = printTree(tree);
      if (seen.has(key)) continue;
      seen.add(key);
      const lost = changes.filter(({ index, safe }) => !safe && !kept.has(index)).map(({ what }) => what);
      yield { after, lost, tree };
    }
  }
}

function changesUntil({ events }: Recording, after: number) {
  const changes: { index: number; change: Change; what: string; safe: boolean; synced: Set<Ino> }[] = [];
  events.slice(0, after).forEach((event, index) => {
    if (event.kind === 'change') changes.push({ index, ...event, safe: false, synced: new Set() });
    else if (event.kind === 'syncAll') for (const one of changes) one.safe = true;
    else for (const one of changes) markSynced(one, event.ino);
  });
  return changes;
}

function markSynced(one: { readonly change: Change; safe: boolean; readonly synced: Set<Ino> }, ino: Ino): void {
  const { change } = one;
  if (change.kind !== 'names') {
    if (change.ino === ino) one.safe = true;
    return;
  }
  one.synced.add(ino);
  if (change.set.every(({ dir }) => one.synced.has(dir))) one.safe = true;
}

function* subsets(all: readonly number[]): Generator<ReadonlySet<number>> {
  if (all.length <= COMBINED_MAX) {
    for (let bits = 0; bits < 1 << all.length; bits += 1)
      yield new Set(all.filter((_, at) => (bits & (1 << at)) !== 0));
    return;
  }
  for (let end = 0; end <= all.length; end += 1) yield new Set(all.slice(0, end));
  for (const one of all) {
    yield new Set([one]);
    yield new Set(all.filter((other) => other !== one));
  }
}

export function treeOf({ inodes, root }: Pick<Recording, 'inodes' | 'root'>, changes: readonly Change[]): Tree {
  const names = new Map<Ino, Map<string, Ino>>();
  const bytes = new Map<Ino, Buffer>();
  const modes = new Map<Ino, number>();
  for (const change of changes) {
    if (change.kind === 'bytes') bytes.set(change.ino, change.bytes);
    else if (change.kind === 'mode') modes.set(change.ino, change.mode);
    else
      for (const { dir, name, ino } of change.set) {
        const entries = names.get(dir) ?? new Map<string, Ino>();
        names.set(dir, entries);
        if (ino === undefined) entries.delete(name);
        else entries.set(name, ino);
      }
  }
  const tree = new Map<string, Node>();
  const visit = (ino: Ino, path: string): void => {
    for (const [name, child] of names.get(ino) ?? []) {
      const at = `${path}/${name}`;
      const inode = inodes.get(child);
      if (inode === undefined) continue;
      if (inode.kind === 'file')
        tree.set(at, {
          kind: 'file',
          bytes: bytes.get(child) ?? Buffer.alloc(0),
          mode: modes.get(child) ?? inode.mode,
        });
      else tree.set(at, inode);
      if (inode.kind === 'dir') visit(child, at);
    }
  };
  visit(root, '');
  return tree;
}

export function printTree(tree: Tree): string {
  return [...tree]
    .map(([path, node]) =>
      node.kind === 'file'
        ? `${path} ${node.mode.toString(8)} ${node.bytes.toString('base64')}`
        : `${path} ${node.kind} ${node.kind === 'link' ? node.to : ''}`,
    )
    .sort()
    .join('\n');
}
