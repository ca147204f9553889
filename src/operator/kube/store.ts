import type { Mark } from './protobuf-watch.ts';

/**
 * The views of one resource. A change marks the group of keys it belongs to (a node, for its Jobs and pods) exactly when
 * the view differs: heartbeats and our own echoes mark nothing.
 */
export interface StoreOptions<Raw, View> {
  readonly project: (object: Raw) => View;
  readonly group: (view: View) => string;
  /** What an object is kept under; default: its name. */
  readonly key?: (object: Raw) => string;
  /** `initial`: part of the very first list, which live changes may overtake. */
  readonly onChange: (group: string, cause: 'initial' | 'event') => void;
  /** A new list is begun; what it returns is called when the list is the store's, before any change is told. */
  readonly onList?: () => () => void;
}

interface Meta {
  readonly metadata?: { readonly name?: string; readonly uid?: string; readonly resourceVersion?: string };
}

interface Entry<View> {
  readonly view: View;
  readonly uid: string;
  version: string;
  /** What it was read from; undefined: not from a watch in protobuf. */
  readonly mark: string | undefined;
}

/** A complete new list in the making; the store serves the old one until it is swapped in. */
export interface Listing<Raw> {
  put(object: Raw, mark?: Mark): void;
  remove(object: Raw): void;
}

export class Store<Raw extends object, View> {
  readonly #options: StoreOptions<Raw, View>;
  #entries = new Map<string, Entry<View>>();
  #groups = new Map<string, Set<string>>();
  #complete = false;
  /** Up to here the watch has told everything. */
  #toldTo = '';
  /** What we wrote since the list was asked for that is in the making: it need not hold that. */
  #written: Set<string> | undefined;

  constructor(options: StoreOptions<Raw, View>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): View | undefined {
    return this.#entries.get(name)?.view;
  }

  inGroup(group: string): readonly View[] {
    const names = this.#groups.get(group);
    if (names === undefined) return [];
    return [...names].flatMap((name) => this.#entries.get(name)?.view ?? []);
  }

  all(): readonly View[] {
    return [...this.#entries.values()].map(({ view }) => view);
  }

  /** From the watch. What is older than what is here is dropped: our own write was answered before its event came. */
  put(object: Raw, mark?: Mark): void {
    this.#put(this.#keyOf(object), this.#entry(object, mark));
  }

  /**
   * The answer to our own write, so that the next decision sees it at once. One that comes late is dropped: the watch has
   * told of it, and of its end, if it has come to one; nobody would tell of that again.
   */
  wrote(object: Raw): void {
    const entry = this.#entry(object, undefined);
    if (isNumber(entry.version) && isNumber(this.#toldTo) && !isOlder(this.#toldTo, entry.version)) return;
    const name = this.#keyOf(object);
    this.#written?.add(name);
    this.#put(name, entry);
  }

  /** The watch has told everything up to this version. */
  told(version: string): void {
    this.#toldTo = version;
  }

  #put(name: string, entry: Entry<View>): void {
    const old = this.#entries.get(name);
    if (old !== undefined && old.uid === entry.uid && isOlder(entry.version, old.version)) return;
    this.#set(name, entry);
    if (differ(old?.view, entry.view)) this.#changed(entry.view, old?.view, 'event');
  }

  /** There is nothing new in it: what would be read is, byte for byte, what was read last. */
  knows({ name, uid, version, digest }: Mark): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.uid !== uid || entry.mark !== digest) return false;
    if (!isOlder(version, entry.version)) entry.version = version;
    return true;
  }

  remove(object: Raw): void {
    const name = this.#keyOf(object);
    const old = this.#entries.get(name);
    // A late DELETED of an object that has been made anew under the same name.
    if (old === undefined || old.uid !== uidOf(object)) return;
    this.#unset(name, old);
    this.#changed(old.view, undefined, 'event');
  }

  begin(): Listing<Raw> & { swap(version: string): void } {
    const entries = new Map<string, Entry<View>>();
    const listed = this.#options.onList?.();
    this.#written = new Set();
    return {
      put: (object, mark) => {
        entries.set(this.#keyOf(object), this.#entry(object, mark));
      },
      remove: (object) => {
        entries.delete(this.#keyOf(object));
      },
      swap: (version) => this.#swap(entries, version, listed),
    };
  }

  #swap(next: Map<string, Entry<View>>, version: string, listed: (() => void) | undefined): void {
    const cause = this.#complete ? 'event' : 'initial';
    const before = this.#entries;
    for (const name of this.#written ?? []) {
      const old = before.get(name);
      if (old === undefined) continue;
      // Our own write of a moment ago, newer than the list: the list must not take it back.
      const listed = next.get(name);
      const newer = listed === undefined || listed.uid !== old.uid ? version : listed.version;
      if (isOlder(newer, old.version)) next.set(name, old);
    }
    this.#written = undefined;
    this.#toldTo = version;
    this.#entries = new Map();
    this.#groups = new Map();
    for (const [name, entry] of next) this.#set(name, entry);
    this.#complete = true;
    listed?.();
    for (const [name, entry] of next) {
      const old = before.get(name)?.view;
      if (differ(old, entry.view)) this.#changed(entry.view, old, cause);
    }
    for (const [name, old] of before) if (!next.has(name)) this.#changed(old.view, undefined, cause);
  }

  #keyOf(object: Raw): string {
    return this.#options.key?.(object) ?? nameOf(object);
  }

  #entry(object: Raw, mark: Mark | undefined): Entry<View> {
    return {
      view: this.#options.project(object),
      uid: uidOf(object),
      version: versionOf(object),
      mark: mark?.digest,
    };
  }

  #set(name: string, entry: Entry<View>): void {
    const old = this.#entries.get(name);
    if (old !== undefined) this.#unset(name, old);
    this.#entries.set(name, entry);
    const group = this.#options.group(entry.view);
    const names = this.#groups.get(group) ?? new Set();
    this.#groups.set(group, names.add(name));
  }

  #unset(name: string, { view }: Entry<View>): void {
    this.#entries.delete(name);
    const group = this.#options.group(view);
    const names = this.#groups.get(group);
    names?.delete(name);
    if (names?.size === 0) this.#groups.delete(group);
  }

  #changed(view: View, old: View | undefined, cause: 'initial' | 'event'): void {
    const group = this.#options.group(view);
    this.#options.onChange(group, cause);
    if (old === undefined) return;
    const oldGroup = this.#options.group(old);
    if (oldGroup !== group) this.#options.onChange(oldGroup, cause);
  }
}

/** By their texts, which are made when it is asked: of most objects of a list it never is. */
function differ(one: unknown, other: unknown): boolean {
  return one !== other && (one === undefined || JSON.stringify(one) !== JSON.stringify(other));
}

function nameOf(object: object): string {
  return (object as Meta).metadata?.name ?? '';
}

function uidOf(object: object): string {
  return (object as Meta).metadata?.uid ?? '';
}

export function versionOf(object: object): string {
  return (object as Meta).metadata?.resourceVersion ?? '';
}

/** Versions are numbers that grow (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions); where one is not, nothing is older. */
function isOlder(version: string, than: string): boolean {
  if (!isNumber(version) || !isNumber(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}

function isNumber(version: string): boolean {
  return /^\d+$/.test(version);
}
