/** `.krmignore` as kpt reads it: a subset of gitignore without `**`; a pattern reaches as deep as it has parts. */
export class KrmIgnore {
  private readonly ignored: readonly Pattern[];
  private readonly accepted: readonly Pattern[];

  constructor(text: string) {
    const ignored: Pattern[] = [];
    const accepted: Pattern[] = [];
    for (const raw of text.split(/\r?\n/)) {
      const line = raw.replaceAll(/^ +| +$/g, '');
      if (line === '' || line.startsWith('#')) continue;
      if (line.startsWith('!')) accepted.push(new Pattern(line.slice(1)));
      else ignored.push(new Pattern(line.startsWith('\\#') ? line.slice(1) : line));
    }
    this.ignored = ignored;
    this.accepted = accepted;
  }

  /** `path` is relative to the directory of the file. */
  ignores(path: string, isDirectory: boolean): boolean {
    const parts = path.split('/');
    if (this.accepted.some((pattern) => pattern.matches(parts, isDirectory))) return false;
    return this.ignored.some((pattern) => pattern.matches(parts, isDirectory));
  }
}

class Pattern {
  private readonly rooted: boolean;
  private readonly directoriesOnly: boolean;
  private readonly depth: number;
  private readonly glob: RegExp;

  constructor(text: string) {
    this.rooted = text.startsWith('/');
    this.directoriesOnly = text.endsWith('/');
    const path = text.replaceAll(/^\/+|\/+$/g, '');
    this.depth = path.split('/').length;
    this.glob = globPattern(path);
  }

  matches(parts: readonly string[], isDirectory: boolean): boolean {
    if (this.directoriesOnly && !isDirectory) return false;
    if (parts.length < this.depth || (this.rooted && parts.length !== this.depth)) return false;
    return this.glob.test(parts.slice(-this.depth).join('/'));
  }
}

/** Go's filepath.Match: '*' and '?' stay within a part. A pattern it would not take matches nothing. */
export function globPattern(glob: string): RegExp {
  let source = '';
  for (let i = 0; i < glob.length; i++) {
    const char = glob.charAt(i);
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = glob.indexOf(']', i + 2);
      if (end === -1) return /$^/;
      source += `[${glob
        .slice(i + 1, end)
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[')}]`;
      i = end;
    } else {
      const literal = char === '\\' && i + 1 < glob.length ? glob.charAt(++i) : char;
      source += literal.replace(/[.*+?^${}()|[\]\\/]/, '\\$&');
    }
  }
  return new RegExp(`^${source}$`, 'u');
}
