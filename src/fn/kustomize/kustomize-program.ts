import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Terminal } from '../../errors.ts';

/** The kustomize to run: the one that was named, else the first on PATH. */
export async function findKustomize(named: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const name = named || 'kustomize';
  const places = name.includes('/')
    ? [name]
    : (env['PATH'] ?? '')
        .split(delimiter)
        .filter((dir) => dir !== '')
        .map((dir) => join(dir, name));
  for (const place of places) {
    const runs = await isProgram(place);
    if (runs) return place;
  }
  throw new Terminal(
    `${name} is not ${name.includes('/') ? 'a program' : 'on PATH'}. kwasm builds with kustomize's own program, version 5: install it (https://kubectl.docs.kubernetes.io/installation/kustomize/, or 'go install sigs.k8s.io/kustomize/kustomize/v5@latest'), or name it with --kustomize PROGRAM. kubectl's built-in one will not do: it cannot run functions`,
  );
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile(); // a directory may be "executed", too
  } catch {
    return false;
  }
}
