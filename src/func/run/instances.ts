import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a function runs on this machine: `.func/instances/PORT`, as func keeps it, so that `invoke` finds it. */
const DIRECTORY = ['.func', 'instances'] as const;

export async function noteInstance(folder: string, port: number, url: string): Promise<() => Promise<void>> {
  const directory = join(folder, ...DIRECTORY);
  await mkdir(directory, { recursive: true });
  const path = join(directory, String(port));
  await writeFile(path, `${url}\n`);
  return () => rm(path, { force: true });
}

/** The last that was started first. One whose process was killed leaves its note behind; who asks it finds out. */
export async function notedInstances(folder: string): Promise<readonly string[]> {
  const directory = join(folder, ...DIRECTORY);
  const names = await readdir(directory).catch(() => []);
  const notes = await Promise.all(names.map((name) => noteIn(join(directory, name))));
  const newestFirst = notes.toSorted((a, b) => b.writtenMs - a.writtenMs);
  return newestFirst.map(({ url }) => url).filter((url) => URL.canParse(url));
}

async function noteIn(path: string): Promise<{ readonly url: string; readonly writtenMs: number }> {
  try {
    return { url: (await readFile(path, 'utf8')).trim(), writtenMs: (await stat(path)).mtimeMs };
  } catch {
    return { url: '', writtenMs: 0 }; // it ended meanwhile
  }
}
