import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { breaches } from './layers.ts';

describe('the import table', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'layers-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function given(file: string, text: string): readonly string[] {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
    return breaches(dir);
  }

  it('lets a pure room import a type from anywhere', () => {
    expect(given('operator/decide/job.ts', "import type { V1Job } from '@kubernetes/client-node';\n")).to.deep.equal(
      [],
    );
  });

  it('refuses I/O in a pure room', () => {
    expect(given('installer/plan/a.ts', "import { readFileSync } from 'node:fs';\n")).to.deep.equal([
      'installer/plan/a.ts: imports node:fs',
    ]);
    expect(given('installer/plan/a.ts', 'export const now = Date.now();\n')).to.deep.equal([
      'installer/plan/a.ts: is pure, yet uses Date.now',
    ]);
  });

  it('keeps the operator and the installer apart', () => {
    expect(given('operator/loop/a.ts', "import { b } from '../../installer/b.ts';\n")).to.deep.equal([
      'operator/loop/a.ts: imports installer/b',
    ]);
  });

  it('reads an import over several lines', () => {
    expect(given('operator/kube/a.ts', "import {\n  a,\n  b,\n} from '../decide/b.ts';\n")).to.deep.equal([
      'operator/kube/a.ts: imports operator/decide/b',
    ]);
  });
});
