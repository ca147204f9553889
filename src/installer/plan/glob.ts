/** Go's filepath.Match for one path component, as containerd uses it: `*` also matches a leading dot. */
export function componentMatcher(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/\[[^\]]*\]|[\s\S]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return part;
    return part.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  });
  const expression = new RegExp(`^${source}$`, 's');
  return (name) => expression.test(name);
}

export const isGlob = (path: string): boolean => path.includes('*');
