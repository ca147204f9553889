import type { Group } from '../../view/group.ts';
import type { NodeRow } from '../../wire.ts';
import { GroupSection, type SectionOptions, type TilesSize } from './group-section.ts';

/** All nodes, group by group; how large they are drawn goes by how many there are. */
export class Tiles {
  readonly #where: HTMLElement;
  readonly #options: SectionOptions;
  #sections = new Map<string, GroupSection>();
  #size: TilesSize = 'cards';
  #made = 0;
  #drawn: { readonly groups: readonly Group[]; readonly ending: string; readonly isShown: IsShown } | undefined;
  #open: string | undefined;
  #width = 0;

  constructor(where: HTMLElement, options: SectionOptions) {
    this.#where = where;
    this.#options = options;
    new ResizeObserver(() => {
      if (where.clientWidth !== this.#width) this.#draw();
    }).observe(where);
  }

  /** `ending`: what all names end with. */
  render(groups: readonly Group[], ending: string, isShown: IsShown): void {
    this.#drawn = { groups, ending, isShown };
    this.#draw();
  }

  open(name: string | undefined): void {
    this.#open = name;
    this.#draw();
  }

  focus(name: string): void {
    for (const section of this.#sections.values()) if (section.focus(name)) return;
  }

  #draw(): void {
    if (this.#drawn === undefined) return;
    const { groups, ending, isShown } = this.#drawn;
    const size = sizeFor(groups.reduce((sum, { rows }) => sum + rows.length, 0));
    if (size !== this.#size) this.#sections.clear();
    this.#size = size;
    this.#where.dataset['size'] = size;
    this.#width = this.#where.clientWidth;
    const look = { ending, width: this.#width, open: this.#open, isShown };
    const next = new Map<string, GroupSection>();
    for (const group of groups) {
      const section = this.#sections.get(group.name) ?? this.#make(group.name);
      next.set(group.name, section);
      section.render(group, look);
    }
    this.#sections = next;
    const roots = [...next.values()].map(({ root }) => root);
    const there = this.#where.children;
    const same = roots.length === there.length && roots.every((root, at) => root === there[at]);
    if (!same) this.#where.replaceChildren(...roots);
  }

  #make(name: string): GroupSection {
    this.#made += 1;
    return new GroupSection(name, `group-${this.#made}`, this.#size, this.#options);
  }
}

type IsShown = (row: NodeRow) => boolean;

function sizeFor(count: number): TilesSize {
  if (count <= 36) return 'cards';
  return count <= 400 ? 'large' : count <= 1600 ? 'medium' : 'small';
}
