import { INSTALL_REASONS } from '../../src/contract.ts';
import { REASONS } from '../../src/operator/decide/reason.ts';
import { EXIT_CODES } from '../../src/verdict.ts';
import { remedyRows } from './remedies.ts';

/** The tables of docs/troubleshooting.md that come from the code's own lists, so that neither can fall behind. */
const tables: Readonly<Record<string, () => readonly string[]>> = {
  conditions: () => [
    '| reason | status | tried again | what it means | what to do |',
    '|---|---|---|---|---|',
    ...Object.entries(REASONS).map(
      ([reason, { status, retry, meaning, todo }]) =>
        `| \`${reason}\` | ${status} | ${RETRY[retry]} | ${meaning} | ${todo} |`,
    ),
  ],
  remedies: remedyRows,
  verdicts: () => [
    '| reason | what it means |',
    '|---|---|',
    ...Object.entries(INSTALL_REASONS).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`),
  ],
  exits: () => [
    '| outcome | exit code |',
    '|---|---|',
    ...Object.entries(EXIT_CODES).map(([outcome, code]) => `| \`${outcome}\` | ${code} |`),
  ],
};

const RETRY = { cluster: 'goes on by itself', backoff: 'a few times', person: 'no' } as const;

const marks = (name: string) => ({ begin: `<!-- ${name}: begin -->\n`, end: `<!-- ${name}: end -->\n` });

/** docs/troubleshooting.md with its tables as they should be. */
export function withTables(page: string): string {
  return fillTables(page, tables);
}

/** Each table between its two marks. */
export function fillTables(page: string, wanted: Readonly<Record<string, () => readonly string[]>>): string {
  return Object.entries(wanted).reduce((text, [name, rows]) => {
    const { begin, end } = marks(name);
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`the page has no pair of marks for the table '${name}'`);
    return `${text.slice(0, from + begin.length)}${rows().join('\n')}\n${text.slice(to)}`;
  }, page);
}
