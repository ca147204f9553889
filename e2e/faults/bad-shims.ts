import { readFileSync } from 'node:fs';
import { buildAndPush } from '../harness/derived-images.ts';
import type { TestCluster } from '../harness/test-cluster.ts';
import { type Cell, expectTruth, install } from './cell.ts';
import { hangingProgram } from './hanging-program.ts';
import type { Row } from './row.ts';

/** Images whose shim is not ours, or not what it should be. One build each, for all nodes. */
const SHIM = '/assets/containerd-shim-wasmtime-v1';
const relist = `sed -i "s/$was/$(sha256sum <${SHIM} | cut -c1-64)/" /assets/shims.json`;
const was = `was=$(sha256sum <${SHIM} | cut -c1-64)`;

const CHANGES = {
  /** As good as ours, and yet another one. */
  other: { files: {}, steps: `RUN ${was} && printf '\\0' >>${SHIM} && ${relist}` },
  /** A second handler beside ours. */
  more: {
    files: {
      'more.mjs': `import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
const list = JSON.parse(readFileSync('/assets/shims.json', 'utf8'));
const binary = 'containerd-shim-more-v1';
copyFileSync('${SHIM}', '/assets/' + binary);
appendFileSync('/assets/' + binary, Buffer.from([0]));
const sha256 = createHash('sha256').update(readFileSync('/assets/' + binary)).digest('hex');
writeFileSync('/assets/shims.json', JSON.stringify([...list, { ...list[0], handler: 'more', binary, file: binary, sha256 }]));
`,
    },
    steps: 'COPY more.mjs /tmp/\nRUN node /tmp/more.mjs',
  },
  truncated: { files: {}, steps: `RUN truncate -s -4096 ${SHIM}` },
  foreign: {
    files: {},
    // ELF's e_machine: that of a processor which no node has.
    steps: `RUN ${was} && printf '\\026' | dd of=${SHIM} bs=1 seek=18 conv=notrunc && ${relist}`,
  },
  hanging: {
    files: { 'shim.b64': '' },
    steps: `COPY shim.b64 /tmp/\nRUN ${was} && base64 -d /tmp/shim.b64 >${SHIM} && ${relist}`,
  },
} as const;
type Bad = keyof typeof CHANGES;

const images = new WeakMap<TestCluster, Map<Bad, Promise<string>>>();

export function imageOf(test: TestCluster, bad: Bad): Promise<string> {
  const known = images.get(test) ?? new Map<Bad, Promise<string>>();
  images.set(test, known);
  const image = known.get(bad) ?? build(test, bad);
  known.set(bad, image);
  return image;
}

async function build({ images: { registry, installer, tag } }: TestCluster, bad: Bad): Promise<string> {
  const { files, steps } = CHANGES[bad];
  const filled = 'shim.b64' in files ? { 'shim.b64': readFileSync(await hangingProgram()).toString('base64') } : files;
  return buildAndPush(`${registry}/faults/${bad}:${tag}`, `FROM ${installer}\n${steps}\n`, filled);
}

const row = (id: string, bad: Bad, says: RegExp): Row => ({
  id,
  run: async (cell: Cell) => {
    const run = await install(cell, undefined, await imageOf(cell.node.test, bad));
    cell.verdict = (await run.ended()).verdict;
    if (!says.test(cell.verdict?.message ?? ''))
      cell.problems.push(`the message does not say why: ${cell.verdict?.message}`);
    await expectTruth(cell, ['failed']);
  },
});

export const badRows: readonly Row[] = [
  row('a shim that was truncated on its way', 'truncated', /sha256/),
  row('a shim for another architecture', 'foreign', /not built for/),
  row('a shim that hangs when it is asked for -info', 'hanging', /-info/),
];
