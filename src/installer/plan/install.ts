import { type Plan, refused, sameState } from './change.ts';
import { hostFinding, releaseOf } from './checks.ts';
import { standsInRoot } from './declared.ts';
import { dropInPlace } from './drop-in.ts';
import { droppedHandlers } from './dropped.ts';
import type { Edit } from './edit.ts';
import type { ContainerdFacts, Facts } from './facts.ts';
import { type Handler, optionsOf, passesOptions, systemdCgroupOf, wrongOption } from './handlers.ts';
import { addPatch } from './in-directory.ts';
import { addDropIn, addOnlyDropIn } from './in-drop-in.ts';
import { editRoot } from './in-root.ts';
import { editTemplate } from './in-template.ts';
import { type HandlerUser, inUse } from './in-use.ts';
import { type ShimAsset, shimPath } from './shim.ts';

/** (host facts, wanted shims) -> exact bytes per file. An unchanged host that serves them yields no change at all. */
export function planInstall(facts: Facts, shims: readonly ShimAsset[], sandboxes: readonly HandlerUser[] = []): Plan {
  const finding = hostFinding(facts);
  if (finding !== undefined) return { kind: 'refused', finding };
  if (facts.runtime.kind !== 'containerd') return refused('NotContainerd', 'the runtime is not containerd');
  const fitting = shims.filter(({ arch }) => arch === facts.host.arch);
  if (fitting.length === 0) {
    const others = [...new Set(shims.map(({ arch }) => arch))].join(', ') || 'none';
    return refused('NoShimForArch', `the image carries no shim for ${facts.host.arch} (only for: ${others})`);
  }
  const { runtime } = facts;
  const release = releaseOf(runtime.version) ?? { major: 2, minor: 0 }; // others are refused by now
  const cgroup = systemdCgroupOf(runtime.dump);
  const { prefix } = runtime.distribution;
  const handlers = fitting.map((shim): Handler => {
    const options = passesOptions(release) ? optionsOf(shim.options ?? {}, cgroup) : {};
    return { name: shim.handler, type: shimPath(shim, prefix), ...options };
  });
  const edit = chooseWay(runtime, handlers, release.major);
  if (edit.kind === 'refused') return edit;
  const files = edit.files.filter(({ before, after }) => !sameState(before, after));
  const gone = droppedHandlers(runtime, handlers);
  const held = inUse(sandboxes, gone);
  if (held !== undefined) return held;
  if (files.length === 0 && gone.length === 0 && handlers.every((handler) => isServed(runtime, handler)))
    return { kind: 'unchanged', handlers };
  const createDirectories = runtime.config.missingDirectories.filter((directory) =>
    files.some(({ path, after }) => after.kind === 'file' && path.startsWith(`${directory}/`)),
  );
  return { kind: 'change', files, createDirectories, removeDirectories: [], handlers, gone };
}

/** Where the handlers go: a file of our own wherever merging is safe, else a block in the file that is read or rendered. */
function chooseWay(runtime: ContainerdFacts, handlers: readonly Handler[], major: number): Edit {
  const { config } = runtime;
  const importsDirectory = major >= 2 && !dropInPlace(config).needsImport;
  switch (config.source.kind) {
    case 'file':
      return major >= 2 ? addDropIn(runtime, handlers) : editRoot(runtime, handlers);
    case 'template':
      // A template that holds our block already stays the place: without it, another schema may be rendered, of another directory.
      return importsDirectory && !standsInRoot(runtime, handlers)
        ? addOnlyDropIn(runtime, handlers)
        : editTemplate(runtime, config.source, handlers, major);
    case 'merged':
      return importsDirectory ? addOnlyDropIn(runtime, handlers) : addPatch(runtime, config.source, handlers);
  }
}

function isServed({ live }: ContainerdFacts, handler: Handler): boolean {
  return live.some(
    ({ name, type, options }) =>
      name === handler.name && type === handler.type && wrongOption(handler, (key) => options[key]) === undefined,
  );
}
