import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Document, parseDocument, stringify } from 'yaml';
import type { z } from 'zod';
import { messageOf } from '../errors.ts';
import { FuncError } from './func-error.ts';
import { functionShape } from './function-shape.ts';

export const FUNCTION_FILE = 'func.yaml';

/**
 * func.yaml: what a function is and how it is to run, shared with knative's `func`. Only what somebody chose is in it: a builder or deployer that follows from
 * the runtime (compatibility.ts) is never put here.
 */
export type FunctionFile = z.infer<typeof functionShape>;

/** The highest migration of func's that this form has been through. */
const SPEC_VERSION = '0.36.0';
const BYTES_MAX = 1024 * 1024;

/** A new function's; nothing else is known of it yet. */
export function newFunctionFile(name: string, runtime: string, created: Date): FunctionFile {
  return functionShape.parse({ specVersion: SPEC_VERSION, name, runtime, created: created.toISOString() });
}

export async function readFunctionFile(folder: string): Promise<FunctionFile> {
  const path = join(folder, FUNCTION_FILE);
  return parsed(documentOf(await textOf(path, folder), path), path);
}

/** Changes what differs and leaves the rest as it lies there: comments, order, and keys that only others know. */
export async function writeFunctionFile(folder: string, file: FunctionFile): Promise<void> {
  const path = join(folder, FUNCTION_FILE);
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return put(path, stringify(sparse(file), { lineWidth: 0 }));
  const document = documentOf(await textOf(path, folder), path);
  if (!carry(document, [], parsed(document, path), file)) return;
  await put(path, document.toString({ lineWidth: 0 }));
}

async function textOf(path: string, folder: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? `no function in ${folder}: there is no ${FUNCTION_FILE}` : messageOf(cause);
    throw new FuncError('input', `${why}; kwasm func create -l ts-wasi NAME begins one, --path says where one is`, {
      cause,
    });
  });
  if (bytes.length > BYTES_MAX) throw new FuncError('input', `${path}: more than ${BYTES_MAX} bytes`);
  return bytes.toString('utf8');
}

function documentOf(text: string, path: string): Document.Parsed {
  const document = parseDocument(text);
  const [broken] = document.errors;
  if (broken !== undefined) throw new FuncError('input', `${path}: ${broken.message.trim()}`, { cause: broken });
  return document;
}

function parsed(document: Document, path: string): FunctionFile {
  const { data, error } = functionShape.safeParse(withoutNulls(document.toJS() ?? {}));
  if (error === undefined) return data;
  const problems = error.issues.map((issue) => `${path}: ${keyOf(issue.path)}${hinted(issue)}`);
  throw new FuncError('input', problems.join('\n'), { cause: error });
}

function keyOf(path: readonly PropertyKey[]): string {
  const key = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return key === '' ? '' : `${key.replace(/^\./, '')}: `;
}

function hinted({ code, message }: z.core.$ZodIssue): string {
  const unquoted = code === 'invalid_type' && /expected string, received (number|boolean)/.test(message);
  return unquoted ? `${message}: put it in quotes` : message;
}

/** A key with nothing behind it is one that is not there. */
function withoutNulls(value: unknown): unknown {
  if (!isTree(value)) return value;
  if (Array.isArray(value)) return value.map(withoutNulls);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])),
  );
}

/** Whether anything was changed. */
function carry(document: Document, path: readonly (string | number)[], before: unknown, after: unknown): boolean {
  if (isDeepStrictEqual(before, after)) return false;
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    // From the end, so that what is taken off a list does not move what comes before it.
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toReversed();
    const at = (key: string) => [...path, Array.isArray(before) ? Number(key) : key];
    return keys.map((key) => carry(document, at(key), before[key], after[key])).includes(true);
  }
  if (after === undefined) document.deleteIn(path);
  else document.setIn(path, document.createNode(after));
  return true;
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Without what is empty. */
function sparse(value: FunctionFile): object {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => {
      if (!isTree(inner) || Array.isArray(inner)) return inner;
      return Object.fromEntries(Object.entries(inner).filter(([, entry]) => !isEmpty(entry)));
    }),
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (isTree(value) && Object.values(value).every(isEmpty));
}

async function put(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, text);
  await rename(partial, path);
}
