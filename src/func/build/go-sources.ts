import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import { FuncError } from '../func-error.ts';

export interface GoSources {
  /** The import path of the package with the handler. */
  readonly module: string;
  /** Whether it may ask others by HTTP. */
  readonly asks: boolean;
}

export async function goSources(folder: string): Promise<GoSources> {
  const path = join(folder, 'go.mod');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const what = `${path} cannot be read: ${messageOf(cause)}; run: go mod init function`;
    throw new FuncError('input', what, { cause });
  });
  const module = /^module\s+(?:"([^"\n]+)"|`([^`\n]+)`|(\S+))/m.exec(text);
  const name = module?.[1] ?? module?.[2] ?? module?.[3];
  if (name === undefined) throw new FuncError('input', `${path}: names no module; its first line is: module function`);
  return { module: name, asks: /^require\b/m.test(text) || (await someAsks(folder)) };
}

/** By words, as with JavaScript: one too many costs an import, one too few would cost the feature. What comes from elsewhere is not read, and may. */
const ASKS = /\bhttp\.(Get|Head|Post|PostForm|Client|DefaultClient|DefaultTransport|NewRequest)|[\w.]\s+"net\/http"/;

async function someAsks(folder: string): Promise<boolean> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !entry.name.endsWith('.go') || entry.name.endsWith('_test.go')) continue;
    if (/[/\\]\.func[/\\]/.test(path)) continue;
    if (ASKS.test(await readFile(path, 'utf8'))) return true;
  }
  return false;
}
