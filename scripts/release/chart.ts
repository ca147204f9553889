import { createHash } from 'node:crypto';
import { cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Terminal } from '../../src/errors.ts';
import { CHART, helmProgram } from '../chart/helm.ts';
import { command } from '../cluster/command.ts';
import type { Release } from './release.ts';

const HELM_MS_MAX = 120_000;
const NAME = 'kwasm-operator';
const FILES_TIME = new Date(0);

/** Packs the chart into dist, pushes it to REGISTRY/charts, and pulls it back to compare. Returns its reference by digest. */
export async function releaseChart(release: Release): Promise<string> {
  const { registry, version, dist, plainHttp, progress, signal } = release;
  const program = await helmProgram(progress);
  const helm = (args: readonly string[]) => command(program, args, { timeoutMs: HELM_MS_MAX, signal });
  const flags = plainHttp ? ['--plain-http'] : [];
  await packChart(program, CHART, dist);
  const file = join(dist, `${NAME}-${version}.tgz`);
  await helm(['push', file, `oci://${registry}/charts`, ...flags]);
  const work = mkdtempSync(join(tmpdir(), 'kwasm-chart-'));
  try {
    const repository = `${registry}/charts/${NAME}`;
    await helm(['pull', `oci://${repository}`, '--version', version, '--destination', work, ...flags]);
    if (hash(join(work, `${NAME}-${version}.tgz`)) !== hash(file)) {
      throw new Terminal(`${repository}:${version} is not the chart that was pushed: does somebody else push there?`);
    }
    const tls = plainHttp ? ['--tls-verify=false'] : [];
    const raw = await command('skopeo', ['inspect', '--raw', ...tls, `docker://${repository}:${version}`], { signal });
    return `${repository}@sha256:${createHash('sha256').update(raw).digest('hex')}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Helm writes the files' times into the archive, and those are of whoever checked them out: all get one. */
export async function packChart(program: string, chart: string, dist: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'kwasm-chart-'));
  try {
    const copy = join(work, NAME);
    cpSync(chart, copy, { recursive: true });
    for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
      if (lstatSync(join(copy, name)).isFile()) utimesSync(join(copy, name), FILES_TIME, FILES_TIME);
    }
    await command(program, ['package', copy, '--destination', dist], { timeoutMs: HELM_MS_MAX });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function hash(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
