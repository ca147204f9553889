import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { bundleCommand } from '../../scripts/cli/bundle.ts';
import { root } from '../../scripts/testing/mocha.ts';
import type { TestCluster } from './test-cluster.ts';

export interface Said {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** The published file and the chart beside it, called as a person would, with the cluster's kubeconfig. */
export interface Kwasm {
  readonly directory: string;
  run(...args: readonly string[]): Promise<Said>;
  /** Ctrl-C as soon as its output matches. */
  interrupted(when: RegExp, ...args: readonly string[]): Promise<Said>;
  remove(): void;
}

const DEADLINE_MS = 300_000;

export async function bundledKwasm(test: TestCluster, env: Readonly<Record<string, string>> = {}): Promise<Kwasm> {
  const directory = mkdtempSync(join(tmpdir(), 'kwasm-cli-'));
  const file = join(directory, 'kwasm.mjs');
  await bundleCommand(root, '0.0.0-e2e', file);
  cpSync(join(root, 'helm/kwasm-operator'), join(directory, 'chart'), { recursive: true });
  const start = (args: readonly string[]) =>
    execa(process.execPath, [file, ...args], {
      env: { KUBECONFIG: test.cluster.kubeconfig, HELM: test.cluster.helm, NO_COLOR: '1', ...env },
      cwd: directory,
      reject: false,
      timeout: DEADLINE_MS,
      stdin: 'ignore',
    });
  return {
    directory,
    run: async (...args) => {
      const { exitCode, stdout, stderr } = await start(args);
      return { exitCode: exitCode ?? -1, out: stdout, err: stderr };
    },
    interrupted: async (when, ...args) => {
      const running = start(args);
      let seen = '';
      running.stdout.on('data', (text) => {
        const before = when.test(seen);
        seen += String(text);
        if (!before && when.test(seen)) running.kill('SIGINT'); // a second one would end it at once
      });
      const { exitCode, stdout, stderr } = await running;
      return { exitCode: exitCode ?? -1, out: stdout, err: stderr };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
