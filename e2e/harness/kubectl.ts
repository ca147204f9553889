import { execa } from 'execa';

/** kubectl as a person would call it, against one cluster. Every call has a deadline. */
export interface Kubectl {
  /** stdout; throws with kubectl's own stderr in the message. */
  run(args: readonly string[], input?: string): Promise<string>;
  get<T>(args: readonly string[]): Promise<T>;
  apply(...objects: readonly object[]): Promise<void>;
}

const DEADLINE_MS = 120_000;

export function kubectlFor(binary: string, kubeconfig: string): Kubectl {
  async function run(args: readonly string[], input?: string): Promise<string> {
    const { stdout } = await execa(binary, ['--kubeconfig', kubeconfig, ...args], {
      timeout: DEADLINE_MS,
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    });
    return stdout;
  }
  return {
    run,
    get: async <T>(args: readonly string[]) => JSON.parse(await run(['get', ...args, '-o', 'json'])) as T,
    apply: async (...objects) => {
      await run(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    },
  };
}
