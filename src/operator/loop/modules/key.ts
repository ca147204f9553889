/** `namespace/name`: neither may hold a slash. */
export function moduleKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
