import { expect } from 'chai';
import fc from 'fast-check';
import { projectShim, type ShimObject } from './project.ts';
import { rulesOf } from './rules.ts';
import { projectSpinkube } from './spinkube.ts';
import { statusOf } from './status.ts';

const FIELDS = [
  'handler',
  'version',
  'binary',
  'sources',
  'arch',
  'https',
  'url',
  'sha256',
  'image',
  'reference',
  'path',
  'nodeSelector',
  'runtimeClasses',
  'runtimeClass',
  'name',
  'options',
  'rollout',
  'maxUnavailable',
  'fetchStrategy',
  'platforms',
  'anonHttp',
  'location',
  'os',
  'containerdRuntimeOptions',
  'rolloutStrategy',
  'rolling',
  'maxUpdate',
  'conditions',
  'type',
  'status',
] as const;

const anything = fc
  .letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 0, -1, '', 'a', 'linux', 'x86_64', '5%', 'https://example.com/a', 'a'.repeat(64)),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...FIELDS), tie('value'), { maxKeys: 6 }),
    ),
  }))
  .value.map((value) => JSON.parse(JSON.stringify(value)));

describe('a Shim that another CRD let in', () => {
  for (const [kind, project] of [
    ['kwasm.sh', projectShim],
    ['runtime.spinkube.dev', projectSpinkube],
  ] as const) {
    it(`is read, whatever it says, and told what is wrong: ${kind}`, () => {
      fc.assert(
        fc.property(anything, anything, (spec, status) => {
          const object = { metadata: { name: 's', uid: 'u' }, spec, status } as ShimObject;
          const view = project(object);
          const rules = rulesOf([view], []);
          const counts = { desired: 0, ready: 0, failed: 0, leaving: [], problems: [] };
          const said = statusOf(view, rules.all[0], counts, undefined, 0);
          expect(said.conditions).to.have.length(3);
        }),
        { numRuns: 2_000 },
      );
    });
  }
});
