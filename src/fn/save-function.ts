import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Terminal } from '../errors.ts';
import { copyComments } from './comments.ts';
import { seqIndentOf } from './documents.ts';
import { configOfArguments } from './function-config.ts';
import { fullImageName } from './image-name.ts';
import { KPTFILE } from './package-reader.ts';
import type { FunctionSource } from './program.ts';
import { toNode } from './results.ts';
import type { Selection } from './selection.ts';
import { applyChanges } from './transaction.ts';
import { Emitter } from './yaml/emitter.ts';
import { field, KIND, mapping, removeField, root, STYLE, sequence, setField, type YamlNode } from './yaml/node.ts';
import { parseDocument } from './yaml/parser.ts';

export interface SavedFunction {
  readonly source: FunctionSource;
  readonly selection: Selection;
  readonly configFile: string | undefined;
  readonly configWords: readonly string[];
}

/** The function as the Kptfile is to name it: paths from the package. Asked before anything runs; throws where it cannot be saved there. */
export function savable(directory: string, given: SavedFunction, imagePrefix: string | undefined): SavedFunction {
  if (!existsSync(join(directory, KPTFILE)))
    throw new Terminal(`${directory}: has no ${KPTFILE} to save the function in (--save)`);
  const { configFile, source } = given;
  const inPackage = configFile === undefined ? undefined : pathInside(directory, configFile);
  if (configFile !== undefined && inPackage === undefined)
    throw new Terminal(`--fn-config must be under ${resolve(directory)} if saving functions to Kptfile (--save=true)`);
  return { ...given, configFile: inPackage, source: fromPackage(directory, source, imagePrefix) };
}

/** A program of the package is looked for there first, from wherever the package is rendered. */
function fromPackage(directory: string, source: FunctionSource, imagePrefix: string | undefined): FunctionSource {
  if (source.kind === 'image') return { kind: 'image', image: fullImageName(source.image, imagePrefix) };
  if (isAbsolute(source.command)) return source;
  const path = existsSync(source.command) ? pathInside(directory, source.command) : undefined;
  return path === undefined ? source : { kind: 'exec', command: `./${path}` };
}

function pathInside(directory: string, file: string): string | undefined {
  const path = relative(resolve(directory), resolve(file)).replaceAll(sep, '/');
  return path === '..' || path.startsWith('../') || isAbsolute(path) ? undefined : path;
}

/** Declares a function in the package's Kptfile: the same image or program anew, or one more. The rest of the file stays as it is written. */
export function saveFunction(
  directory: string,
  phase: 'mutator' | 'validator',
  saved: SavedFunction,
): 'Added' | 'Updated' {
  const file = join(directory, KPTFILE);
  const text = readFileSync(file, 'utf8');
  const document = parseDocument(text);
  if (document === undefined) throw new Terminal(`${file}: is empty`);
  const list = ensure(ensure(root(document), 'pipeline', mapping([])), `${phase}s`, sequence([]));
  const entry = entryOf(saved);
  const at = list.content.findIndex((one) => names(one, saved.source));
  const earlier = list.content[at];
  if (earlier === undefined) list.content.push(entry);
  else list.content[at] = updated(earlier, entry);
  list.style &= ~STYLE.flow;
  const emitter = new Emitter();
  emitter.document(document, { lists: seqIndentOf(text, 'wide') });
  applyChanges(directory, { writes: new Map([[KPTFILE, emitter.text]]), deletes: [] });
  return earlier === undefined ? 'Added' : 'Updated';
}

/** What eval has no flag for stays. */
function updated(earlier: YamlNode, entry: YamlNode): YamlNode {
  for (const key of ['name', 'condition']) {
    const value = field(earlier, key);
    if (value !== undefined) setField(entry, key, value);
  }
  copyComments(earlier, entry);
  return entry;
}

function ensure(node: YamlNode, key: string, empty: YamlNode): YamlNode {
  const found = field(node, key);
  if (found !== undefined && found.kind === empty.kind) return found;
  if (found !== undefined) removeField(node, key);
  setField(node, key, empty);
  return empty;
}

function names(node: YamlNode, source: FunctionSource): boolean {
  if (node.kind !== KIND.mapping) return false;
  if (source.kind === 'exec') return field(node, 'exec')?.value === source.command;
  const bare = (image: string) => image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const image = field(node, 'image')?.value;
  return image !== undefined && bare(image) === bare(source.image);
}

function entryOf({ source, selection, configFile, configWords }: SavedFunction): YamlNode {
  const data = configFile === undefined ? field(configOfArguments(configWords), 'data') : undefined;
  if (data !== undefined) data.style = 0;
  const { selectors, exclude } = selection;
  const node = toNode({
    ...(source.kind === 'exec' ? { exec: source.command } : { image: source.image }),
    ...(configFile === undefined ? {} : { configPath: configFile }),
  });
  if (data !== undefined && data.content.length > 0) setField(node, 'configMap', data);
  if (selectors.length > 0) setField(node, 'selectors', toNode(selectors));
  if (exclude.length > 0) setField(node, 'exclude', toNode(exclude));
  return node;
}
