import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { root } from '../testing/mocha.ts';

/** A page of the documentation, read as far as its tests need: links, headings, blocks of code. */
export interface DocPage {
  /** Below the repository. */
  readonly path: string;
  readonly links: readonly Link[];
  readonly anchors: ReadonlySet<string>;
  readonly blocks: readonly Block[];
  /** Inline code, outside blocks. */
  readonly codes: readonly Code[];
}

export interface Link {
  readonly line: number;
  readonly target: string;
}

export interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

export interface Code {
  readonly line: number;
  readonly text: string;
}

export function docPages(): readonly DocPage[] {
  const files = globSync(['*.md', 'docs/**/*.md', 'manifests/**/*.md'], { cwd: root });
  return files
    .filter((path) => !path.includes('node_modules'))
    .sort()
    .map((path) => readPage(path, readFileSync(`${root}/${path}`, 'utf8')));
}

export function readPage(path: string, text: string): DocPage {
  const links: Link[] = [];
  const blocks: Block[] = [];
  const codes: Code[] = [];
  const anchors = new Set<string>();
  let open: { readonly line: number; readonly language: string; readonly lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(\w*)/.exec(line);
    if (open !== undefined) {
      if (fence === null) open.lines.push(line);
      else {
        blocks.push({ line: open.line, language: open.language, text: open.lines.join('\n') });
        open = undefined;
      }
      continue;
    }
    if (fence !== null) {
      open = { line: index + 1, language: fence[1] ?? '', lines: [] };
      continue;
    }
    const heading = /^#{1,6} (.*)$/.exec(line)?.[1];
    if (heading !== undefined) anchors.add(freeSlug(heading, anchors));
    for (const [, id = ''] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
    for (const [, code = ''] of line.matchAll(/`([^`]+)`/g)) codes.push({ line: index + 1, text: code });
    const prose = line.replace(/`[^`]*`/g, '``');
    for (const [, target = ''] of line.matchAll(/\bsrc(?:set)?="([^"]+)"/g)) links.push({ line: index + 1, target });
    for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)) links.push({ line: index + 1, target });
  }
  if (open !== undefined) throw new Error(`${path}:${open.line}: a block of code without an end`);
  return { path, links, anchors, blocks, codes };
}

/** As GitHub makes them: a second heading of the same words gets a number. */
function freeSlug(heading: string, taken: ReadonlySet<string>): string {
  const slug = slugOf(heading);
  if (!taken.has(slug)) return slug;
  for (let number = 1; ; number += 1) if (!taken.has(`${slug}-${number}`)) return `${slug}-${number}`;
}

export function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

/** Where a link of this page leads, below the repository. */
export function resolveLink(page: string, target: string): { readonly path: string; readonly anchor: string } {
  const [file = '', anchor = ''] = target.split('#');
  return { path: file === '' ? page : posix.normalize(posix.join(posix.dirname(page), file)), anchor };
}
