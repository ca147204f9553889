import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** One file without outside references: page.html with page.css and the program in it. */
export async function assemblePage(): Promise<string> {
  const [html, style, script] = await Promise.all([readFile(here('page.html'), 'utf8'), css(), program()]);
  return html
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script type="module"></script>', () => `<script type="module">${script}</script>`);
}

async function css(): Promise<string> {
  return (await readFile(here('page.css'), 'utf8')).trim();
}

async function program(): Promise<string> {
  const result = await build({
    entryPoints: [here('browser/main.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'silent',
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error('esbuild wrote nothing');
  // A text that looks like the end of the element would be one.
  return file.text.trim().replaceAll('</script', '<\\/script');
}
