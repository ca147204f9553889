/**
 * What all nodes' names end with, from a dot on: clouds give every node the same domain, and the part that tells nodes
 * apart is lost between so much that does not. Empty: they share none, or there is one node only.
 */
export function sharedEnding(names: Iterable<string>): string {
  let shared: readonly string[] | undefined;
  let count = 0;
  for (const name of names) {
    count += 1;
    const ending = name.split('.').slice(1);
    if (shared === undefined) {
      shared = ending;
      continue;
    }
    let same = 0;
    while (same < Math.min(shared.length, ending.length) && ending.at(-1 - same) === shared.at(-1 - same)) same += 1;
    shared = shared.slice(shared.length - same);
    if (shared.length === 0) return '';
  }
  return count < 2 || shared === undefined || shared.length === 0 ? '' : `.${shared.join('.')}`;
}

export function shortName(name: string, ending: string): string {
  return ending !== '' && name.endsWith(ending) ? name.slice(0, -ending.length) : name;
}
