/** Elements without markup from strings: what comes from the cluster is text, and stays so. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string | undefined;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** An element that page.html has. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`page.html has no #${id}`);
  return found as Kind;
}

/** Only what differs is written: a text that is set anew loses a person's selection. */
export function setText(where: HTMLElement, text: string): void {
  if (where.textContent !== text) where.textContent = text;
}

/** Widths in hundredths; set by script, for the policy of the page allows no style attributes in markup. */
export function sized<Kind extends HTMLElement>(made: Kind, values: Readonly<Record<string, string>>): Kind {
  for (const [name, value] of Object.entries(values)) made.style.setProperty(name, value);
  return made;
}
