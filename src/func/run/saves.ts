import { type FSWatcher, watch } from 'node:fs';

const QUIET_MS = 100;
/** What a run and a build write themselves, and what is nobody's source. */
const NOT_SOURCES = /(^|[/\\])(node_modules|target|\.func|\.git)([/\\]|$)|\.wasm$|~$|\.sw[a-z]$|func\.yaml\.\d+$/;

/** Calls once after each burst of changes, and never twice at a time. */
export function onSave(folder: string, act: () => Promise<void>): { close(): void } {
  let clock: NodeJS.Timeout | undefined;
  let acting: Promise<void> = Promise.resolve();
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, { recursive: true }, (_, name) => {
      if (name === null || NOT_SOURCES.test(name)) return;
      clearTimeout(clock);
      clock = setTimeout(() => {
        acting = acting.then(act, act);
      }, QUIET_MS);
    });
    watcher.on('error', () => {}); // a directory that is gone is seen at the next request
  } catch {
    return { close: () => {} }; // a file system without notices: no reload
  }
  return {
    close: () => {
      clearTimeout(clock);
      watcher?.close();
    },
  };
}
