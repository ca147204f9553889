import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.ts';
import { Emitter } from '../src/fn/yaml/emitter.ts';
import { parseDocument } from '../src/fn/yaml/parser.ts';
import { succeeds } from './cluster/command.ts';
import { Corpus } from './kyaml/corpus.ts';
import { type Answer, ask, buildOracle } from './kyaml/oracle.ts';
import { root } from './testing/mocha.ts';

/**
 * `npm run check:kyaml`: our YAML reader and writer beside kyaml itself, over texts made from a seed. `--count`, `--seed`;
 * `--golden` writes the cases that the unit tests compare with.
 */
const SHOWN_MAX = 3;
const GOLDEN_COUNT = 120;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    golden: { type: 'boolean', default: false },
  },
});

function texts(seed: number, count: number): readonly string[] {
  const corpus = new Corpus(seed);
  return Array.from({ length: count }, (_, i) => (i % 2 === 0 ? corpus.resource() : corpus.soup()));
}

function ours(text: string): Answer {
  try {
    const node = parseDocument(text);
    if (node === undefined) return { error: 'EOF' };
    const wide = new Emitter();
    wide.document(node, { lists: 'wide' });
    const compact = new Emitter();
    compact.document(node, { lists: 'compact' });
    return { wide: wide.text, compact: compact.text };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Errors are worded differently on purpose: ours name the line where it began. */
function agree(a: Answer, b: Answer): boolean {
  if (a.error !== undefined || b.error !== undefined) return a.error !== undefined && b.error !== undefined;
  return a.wide === b.wide && a.compact === b.compact;
}

async function compare(program: string, seed: number, count: number): Promise<number> {
  const given = texts(seed, count);
  const theirs = await ask(program, given);
  let differing = 0;
  let refused = 0;
  given.forEach((text, i) => {
    const kyaml = theirs[i] ?? { error: 'no answer' };
    const mine = ours(text);
    if (mine.error !== undefined) refused++;
    if (agree(kyaml, mine)) return;
    differing++;
    if (differing <= SHOWN_MAX) console.log(JSON.stringify({ text, kyaml, mine }, undefined, 2));
  });
  console.log(`seed ${seed}: ${count} texts, ${refused} of them no YAML for either, ${differing} differ`);
  return differing;
}

async function writeGolden(program: string): Promise<void> {
  const given = texts(7, GOLDEN_COUNT * 2);
  const answers = await ask(program, given);
  const cases = given.map((text, i) => ({ text, ...(answers[i]?.error === undefined ? answers[i] : { error: true }) }));
  const path = join(root, 'src/fn/yaml/golden.json');
  writeFileSync(path, `${JSON.stringify(cases, undefined, 2)}\n`);
  console.log(`${path}: ${cases.length} cases`);
}

if (!(await succeeds('go', ['version']))) {
  console.log('check:kyaml: SKIPPED, nothing was compared: Go is not installed');
} else {
  const program = await buildOracle();
  if (values.golden) await writeGolden(program);
  else if ((await compare(program, Number(values.seed), Number(values.count))) > 0) process.exitCode = 1;
}
