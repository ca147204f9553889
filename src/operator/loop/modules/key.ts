/** `namespace/name`: neither may hold a slash. */
export function moduleKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

export function parseModuleKey(key: string): { readonly namespace: string; readonly name: string } {
  const at = key.indexOf('/');
  return { namespace: key.slice(0, at), name: key.slice(at + 1) };
}
