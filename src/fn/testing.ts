import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type EvalOptions, evalFunction } from './eval.ts';
import { type RenderOptions, renderPackage } from './render.ts';
import { Report } from './report.ts';
import { EVERYTHING } from './selection.ts';

/** A directory of its own with packages and native functions, for tests. */
export class Workshop {
  readonly directory = mkdtempSync(join(tmpdir(), 'kwasm-fn-'));
  /** What was told, of the last run. */
  told = '';

  path(name: string): string {
    return join(this.directory, name);
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), text);
    }
  }

  copy(file: string, name: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    copyFileSync(file, this.path(name));
  }

  /** An executable of /bin/sh; its path. */
  script(name: string, body: string): string {
    this.write({ [name]: `#!/bin/sh\n${body}\n` });
    chmodSync(this.path(name), 0o755);
    return this.path(name);
  }

  /** Every file below a directory, by its path. */
  tree(name: string): Readonly<Record<string, string>> {
    const at = this.path(name);
    const files: (readonly [string, string])[] = [];
    for (const entry of readdirSync(at, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (entry.isFile()) files.push([relative(at, file), readFileSync(file, 'utf8')]);
    }
    return Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  eval(name: string, command: string, options: Partial<EvalOptions> = {}): Promise<string> {
    return evalFunction({
      ...this.common(),
      directory: this.path(name),
      input: '',
      source: { kind: 'exec', command },
      configFile: undefined,
      configWords: [],
      selection: EVERYTHING,
      save: undefined,
      ...options,
    });
  }

  render(name: string, options: Partial<RenderOptions> = {}): Promise<string> {
    return renderPackage({ ...this.common(), directory: this.path(name), allowExec: true, ...options });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private common() {
    this.told = '';
    return {
      output: undefined,
      resultsDir: undefined,
      rules: { allowEmpty: false, failOnErrorResults: false },
      report: new Report((text) => {
        this.told += text;
      }, true),
      nowMs: () => 0,
      pullImage: () => Promise.reject(new Error('no registry in this test')),
      warn: (line: string) => {
        this.told += `warning: ${line}\n`;
      },
    };
  }
}
