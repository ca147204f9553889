import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { helmProgram, render } from './chart/helm.ts';
import { manifest, PLACEHOLDER } from './chart/manifest.ts';
import { progressTo } from './cluster/progress.ts';

/** `npm run manifests`: renders manifests/kwasm-operator.yaml from the chart. `-- --check` only says whether it is current. */
const FILE = new URL('../manifests/kwasm-operator.yaml', import.meta.url).pathname;

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const helm = await helmProgram(progressTo((line) => console.error(line)));
const wanted = manifest(await render(helm, { set: [`imageRegistry=${PLACEHOLDER}`], args: ['--no-hooks'] }));
if (!values.check) {
  writeFileSync(FILE, wanted);
  console.log(`wrote ${FILE}`);
} else if (readFileSync(FILE, 'utf8') !== wanted) {
  console.error(`${FILE} is not what the chart renders: run \`npm run manifests\` and commit the result`);
  process.exitCode = 1;
}
