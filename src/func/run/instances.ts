import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8').catch(() => '')));
  return texts.map((text) => text.trim()).filter((text) => URL.canParse(text));
}
