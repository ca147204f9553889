import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Licence, Part } from './part.ts';

/** A part and the texts that came with it. */
export interface Licensed {
  readonly part: Part;
  readonly texts: readonly string[];
}

const TEXT = /^(licen[cs]e|copying|notice|unlicense)/i;
const TEXT_BYTES_MAX = 200_000;

/** The licence files at the top of a package. Those that have none say no more than their SPDX expression. */
export function textsOf(dir: string): readonly string[] {
  const files = readdirSync(dir)
    .filter((name) => TEXT.test(name))
    .toSorted();
  const regular = files.map((name) => join(dir, name)).filter((file) => statSync(file).isFile());
  return regular.map((file) => {
    if (statSync(file).size > TEXT_BYTES_MAX) throw new Error(`${file} is too large for a licence: look at it`);
    return readFileSync(file, 'utf8');
  });
}

const RULE = '='.repeat(100);

/** One file with every part, its licence, and each distinct text once, under the parts that came with it. */
export function thirdPartyLicenses(intro: string, all: readonly Licensed[]): string {
  const list = all.map(({ part }) => `${titleOf(part)}: ${licenceText(part.licence)}`).toSorted();
  const byText = new Map<string, { readonly text: string; readonly parts: string[] }>();
  for (const { part, texts } of all) {
    for (const text of texts) {
      const key = text.replace(/\s+/g, ' ').trim(); // only line breaks differ in most copies
      const known = byText.get(key) ?? { text: tidy(text), parts: [] };
      byText.set(key, known);
      known.parts.push(titleOf(part));
    }
  }
  const sections = [...byText.values()].map(({ text, parts }) => {
    return `${RULE}\n${[...new Set(parts)].toSorted().join(', ')}\n${RULE}\n\n${text}`;
  });
  return `${intro}\n\n${[...new Set(list)].join('\n')}\n\n${sections.toSorted().join('\n')}`;
}

export function titleOf({ kind, name, version }: Part): string {
  return `${kind} ${name}${version === undefined ? '' : ` ${version}`}`;
}

function licenceText(licence: Licence): string {
  return licence.kind === 'expression' ? licence.expression : licence.names.join(', ');
}

function tidy(text: string): string {
  return `${text
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t\f]+$/gm, '')
    .trim()}\n`;
}
