import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { load } from 'js-yaml';
import * as z from 'zod';
import { parseReleaseArguments } from './arguments.ts';

const root = join(import.meta.dirname, '../..');
const dir = join(root, '.github/workflows');

const stepSchema = z.object({ uses: z.string().optional(), run: z.string().optional() });
const workflowSchema = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.object({
      'timeout-minutes': z.number(),
      permissions: z.record(z.string(), z.string()).optional(),
      steps: z.array(stepSchema),
    }),
  ),
});

/** Nobody here can run them; what can be read off them is held. */
describe('the workflows', () => {
  const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts;

  for (const name of readdirSync(dir)) {
    const workflow = workflowSchema.parse(load(readFileSync(join(dir, name), 'utf8')));
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
    const runs = steps.flatMap(({ run }) => run ?? []);

    it(`${name}: others' actions are pinned to a commit`, () => {
      for (const { uses } of steps) if (uses !== undefined) expect(uses).to.match(/^actions\/[\w-]+@[0-9a-f]{40}$/);
    });

    it(`${name}: nothing may be written but where a job says so`, () => {
      expect(workflow.permissions).to.deep.equal({ contents: 'read' });
    });

    it(`${name}: runs commands that this repository has`, () => {
      const called = runs.flatMap((run) => [...run.matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script));
      for (const script of called) expect(scripts).to.have.property(script);
    });

    it(`${name}: gives npm run release arguments that it takes`, () => {
      for (const run of runs) {
        const [, given] = /npm run release -- (.*)$/.exec(run) ?? [];
        if (given === undefined) continue;
        const argv = given.replace(/"\$\{REGISTRY,,\}"/, 'ghcr.io/kwasm').split(' ');
        expect(() => parseReleaseArguments(argv), given).to.not.throw();
      }
    });

    it(`${name}: puts nothing of an event into a script`, () => {
      for (const run of runs) expect(run).to.not.contain('${{');
    });
  }

  it('publish only after every architecture has pushed, and only that job may sign', () => {
    const text = readFileSync(join(dir, 'release.yml'), 'utf8');
    const { jobs } = workflowSchema.parse(load(text));
    const signing = Object.entries(jobs).filter(([, job]) => job.permissions?.['id-token'] === 'write');
    expect(signing.map(([name]) => name)).to.deep.equal(['publish']);
    expect(text).to.match(/publish:\n {4}needs: images\n/);
  });
});
