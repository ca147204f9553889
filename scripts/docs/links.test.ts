import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { root } from '../testing/mocha.ts';
import { type DocPage, docPages, readPage, resolveLink, slugOf } from './pages.ts';

describe('links of the documentation', () => {
  const pages = docPages();
  const byPath = new Map(pages.map((page) => [page.path, page]));

  it('lead to files and headings that are there', () => {
    expect(pages.flatMap((page) => broken(page, byPath))).to.deep.equal([]);
  });

  it('reach every page from docs/README.md', () => {
    const reached = new Set(['docs/README.md']);
    for (const path of reached)
      for (const { target } of byPath.get(path)?.links ?? []) {
        const next = resolveLink(path, target).path;
        if (byPath.has(next)) reached.add(next);
      }
    expect(
      pages.map(({ path }) => path).filter((path) => /^docs\/[^/]+$/.test(path) && !reached.has(path)),
    ).to.deep.equal([]);
  });

  it('name paths of the repository that exist', () => {
    const missing = pages
      .filter(({ path }) => path !== 'CHANGELOG.md' && !path.startsWith('docs/decisions/'))
      .flatMap(({ path, codes }) =>
        codes.filter(({ text }) => isPath(text) && !exists(text)).map(({ line, text }) => `${path}:${line}: ${text}`),
      );
    expect(missing).to.deep.equal([]);
  });

  it('are judged: a wrong file, a wrong heading, a wrong path are found', () => {
    const page = readPage(
      'docs/x.md',
      '# A b\n[1](y.md) [2](#a-b) [3](#c) `[no](z.md)` [4](x.md#a-b)\n<img src="no.png">\n```\n[no](q.md)\n```\n',
    );
    expect(broken(page, new Map([['docs/x.md', page]]))).to.deep.equal([
      'docs/x.md:2: y.md',
      'docs/x.md:2: #c',
      'docs/x.md:3: no.png',
    ]);
    expect(slugOf('`helm uninstall`')).to.equal('helm-uninstall');
    expect(slugOf('Removing it again: `kwasmOperator.uninstall.*`')).to.equal(
      'removing-it-again-kwasmoperatoruninstall',
    );
    expect([isPath('src/nothing.ts'), exists('src/nothing.ts')]).to.deep.equal([true, false]);
    expect(exists('src/installer/apply/{restore,roll-back}.test.ts')).to.equal(true);
  });
});

function broken({ path, links }: DocPage, byPath: ReadonlyMap<string, DocPage>): readonly string[] {
  return links
    .filter(({ target }) => !/^[a-z]+:/.test(target))
    .filter(({ target }) => {
      const { path: to, anchor } = resolveLink(path, target);
      const page = byPath.get(to);
      if (page === undefined) return anchor !== '' || !existsSync(join(root, to));
      return anchor !== '' && !page.anchors.has(anchor);
    })
    .map(({ line, target }) => `${path}:${line}: ${target}`);
}

/** A path with a place-holder in it is none. */
function isPath(text: string): boolean {
  return /^(src|scripts|e2e|docs|helm|manifests|installer-image)\/[\w./{},*-]*$/.test(text) && !text.includes('...');
}

function exists(path: string): boolean {
  if (!/[{*]/.test(path)) return existsSync(join(root, path));
  const alternatives = /\{([^}]*)\}/.exec(path)?.[1]?.split(',') ?? [''];
  return alternatives.every((one) => globSync(path.replace(/\{[^}]*\}/, one), { cwd: root }).length > 0);
}
