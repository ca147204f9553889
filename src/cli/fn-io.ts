import type { Command } from 'commander';
import { CliError, EXIT } from './exit.ts';

const STDIN_BYTES_MAX = 256 * 1024 * 1024;

/** commander gives what stands behind `--` as further names. */
export function splitAtDashes(given: readonly string[], command: Command) {
  let root = command;
  while (root.parent !== null) root = root.parent;
  const raw: readonly string[] = Reflect.get(root, 'rawArgs') ?? [];
  const at = raw.indexOf('--');
  const behind = at === -1 ? 0 : raw.length - at - 1;
  return { paths: given.slice(0, given.length - behind), rest: given.slice(given.length - behind) };
}

export async function readStdin(): Promise<string> {
  if (process.stdin.isTTY)
    throw new CliError('no list: pipe a ResourceList into stdin, or name files', {
      exitCode: EXIT.usage,
    });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > STDIN_BYTES_MAX) throw new CliError(`stdin has more than ${STDIN_BYTES_MAX} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export async function write(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
