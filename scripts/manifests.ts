import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { helmProgram, render } from './chart/helm.ts';
import { manifest, PLACEHOLDER } from './chart/manifest.ts';
import { progressTo } from './cluster/progress.ts';
import { withApi } from './docs/api.ts';
import { withCatalogue } from './docs/catalogue.ts';
import { withCommands } from './docs/cli.ts';
import { withMetrics } from './docs/metrics.ts';
import { withShimReasons } from './docs/shims.ts';
import { withTables } from './docs/tables.ts';
import { withValues } from './docs/values.ts';
import { goFrameText, WORLDS } from './func/go-frame.ts';
import { root } from './testing/mocha.ts';

/** `npm run manifests`: writes what is generated and committed; `-- --check` only says what is not current. */
const MANIFEST = `${root}/manifests/kwasm-operator.yaml`;
const METRICS_PAGE = `${root}/docs/metrics.md`;
const COMMAND_PAGE = `${root}/docs/cli.md`;
const CATALOGUE_PAGE = `${root}/docs/catalogue.md`;
const API_PAGE = `${root}/docs/api.md`;
const VALUES_PAGE = `${root}/docs/values-reference.md`;
const SHIMS_PAGE = `${root}/docs/shims.md`;
const REASONS_PAGE = `${root}/docs/troubleshooting.md`;

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
put(REASONS_PAGE, withTables(readFileSync(REASONS_PAGE, 'utf8')));
put(METRICS_PAGE, withMetrics(readFileSync(METRICS_PAGE, 'utf8')));
put(COMMAND_PAGE, withCommands(readFileSync(COMMAND_PAGE, 'utf8')));
put(SHIMS_PAGE, withShimReasons(readFileSync(SHIMS_PAGE, 'utf8')));
put(CATALOGUE_PAGE, withCatalogue(readFileSync(CATALOGUE_PAGE, 'utf8')));
put(VALUES_PAGE, withValues(readFileSync(VALUES_PAGE, 'utf8')));
for (const world of WORLDS) put(`${root}/src/func/scaffold/go-wasi/frame/${world}.json`, await goFrameText(world));
const helm = await helmProgram(progressTo((line) => console.error(line)));
const rendered = manifest(await render(helm, { set: [`imageRegistry=${PLACEHOLDER}`], args: ['--no-hooks'] }));
put(MANIFEST, rendered);
put(API_PAGE, withApi(readFileSync(API_PAGE, 'utf8'), rendered));

function put(file: string, wanted: string): void {
  const name = relative(root, file);
  if (!values.check) {
    writeFileSync(file, wanted);
    console.log(`wrote ${name}`);
  } else if (readFileSync(file, 'utf8') !== wanted) {
    console.error(`${name} is not what the chart and the code say: run \`npm run manifests\` and commit the result`);
    process.exitCode = 1;
  }
}
