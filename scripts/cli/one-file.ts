import { basename } from 'node:path';
import { type Metafile, transform } from 'esbuild';

/** What esbuild gives for one entry with `splitting` and `metafile`, nothing written. */
export interface Built {
  readonly outputFiles: readonly { readonly path: string; readonly text: string }[];
  readonly metafile: Metafile;
}

/** The module that the file begins with, and the function of it that is called with the arguments and gives the exit code. */
export interface Entry {
  readonly source: string;
  readonly run: string;
}

/**
 * esbuild's modules in one file. Those that run at the start stand in it as functions; each of the others in a comment, a line
 * of JSON, for V8 would look at every word of code that never runs: that was half of `kwasm --help`. They are read from the file
 * and compiled when they are first imported, under names of their own for stack traces (docs/decisions/0036-one-file-in-lines.md).
 */
export async function oneFile(
  { outputFiles, metafile }: Built,
  { source, run }: Entry,
  guard: string,
): Promise<string> {
  const modules = new Map<string, string>();
  const licences = new Set<string>();
  for (const { path, text } of outputFiles) {
    if (path.endsWith('.js')) modules.set(basename(path), await commonJs(text));
    else licences.add(text.trim());
  }
  const { entry, first } = atStart(metafile, source);
  const functions = [...first].map((name) => `"./${name}"(exports,require,module){${modules.get(name)}}`);
  const texts = [...modules].flatMap(([name, text]) =>
    first.has(name) ? [] : [{ name, line: ascii(`//@./${name} ${JSON.stringify(text)}`) }],
  );
  const notices = [...licences].flatMap((text) => text.split('\n').map((line) => ascii(`// ${line}`.trimEnd())));
  const head = [
    '#!/usr/bin/env node',
    `import{createRequire as __kwasmRequire}from"node:module";${guard}const __kwasmUrl=import.meta.url;`,
    `const __kwasmFirst={__proto__:null,${functions.join(',\n')}};`,
    `const __kwasmTexts={__proto__:null,${placesFromEnd(texts, notices).join(',')}};`,
    LOADER,
    `process.exitCode=await __kwasmLoad("./${entry}").${run}(process.argv.slice(2));`,
  ];
  return [...head.map(ascii), ...texts.map(({ line }) => line), ...notices, ''].join('\n');
}

interface Text {
  readonly name: string;
  readonly line: string;
}

/** Where each text begins, counted from the end of the file since this table stands before it, and how long it is. */
function placesFromEnd(texts: readonly Text[], notices: readonly string[]): readonly string[] {
  const lengthOf = (lines: readonly string[]) => lines.reduce((sum, line) => sum + line.length + 1, 0);
  let behind = lengthOf(texts.map(({ line }) => line)) + lengthOf(notices);
  return texts.map(({ name, line }) => {
    const mark = `//@./${name} `.length;
    const place = `"./${name}":[${behind - mark},${line.length - mark}]`;
    behind -= line.length + 1;
    return place;
  });
}

/**
 * Modules that refer to each other in a circle see what is there so far, as CommonJS has it; esbuild's getters make that live. Once a module has run, its functions
 * and objects are given as they are: two getters at each use of another module's name were a seventh of the CPU of `kwasm fn` over 1,000 resources. Nobody assigns such an
 * export anew; what is no object yet, or may count, stays live. Only what is asked for is read from the file, which stays open: a newer one in its place has its texts elsewhere.
 */
const LOADER = `const __kwasmBuiltin=__kwasmRequire(__kwasmUrl),__kwasmLoaded=new Map();
let __kwasmFile;
function __kwasmText(id){
const fs=__kwasmBuiltin("node:fs"),[fromEnd,length]=__kwasmTexts[id],bytes=Buffer.alloc(length);
__kwasmFile??=fs.openSync(new URL(__kwasmUrl));
fs.readSync(__kwasmFile,bytes,0,length,fs.fstatSync(__kwasmFile).size-fromEnd);
return JSON.parse(bytes.toString("latin1"));
}
function __kwasmLoad(id){
if(id[0]!==".")return __kwasmBuiltin(id);
const there=__kwasmLoaded.get(id);
if(there!==undefined)return there.exports;
const module={exports:{}};
__kwasmLoaded.set(id,module);
const run=__kwasmFirst[id]??__kwasmBuiltin("node:vm").compileFunction(__kwasmText(id),["exports","require","module","__kwasmUrl"],{filename:"kwasm.mjs/"+id.slice(2)});
run(module.exports,__kwasmLoad,module,__kwasmUrl);
return module.exports=__kwasmSettled(module.exports);
}
function __kwasmSettled(live){
const settled=Object.defineProperty({},"__esModule",{value:live.__esModule});
for(const name in live){
const value=live[name];
if(typeof value==="function"||typeof value==="object"&&value!==null)settled[name]=value;
else Object.defineProperty(settled,name,{get:()=>live[name],enumerable:true});
}
return settled;
}`;

function ascii(text: string): string {
  return text.replace(NOT_ASCII, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Of licences only, since esbuild escapes what is in code. One such letter would have the whole file decoded the slow way, and twice as long in memory. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what ASCII begins with
const NOT_ASCII = /[^\u0000-\u007f]/g;

/** What the entry imports before its first line, and what that imports. */
function atStart(
  { outputs }: Metafile,
  source: string,
): { readonly entry: string; readonly first: ReadonlySet<string> } {
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === source);
  if (entry === undefined) throw new Error(`esbuild made nothing of ${source}`);
  const first = new Set<string>();
  const visit = (path: string): void => {
    if (first.has(basename(path))) return;
    first.add(basename(path));
    for (const { path: its, kind, external } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && external !== true) visit(its);
  };
  visit(entry);
  return { entry: basename(entry), first };
}

async function commonJs(text: string): Promise<string> {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    minifyWhitespace: true,
    minifySyntax: true,
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__kwasmUrl' },
    logLevel: 'silent',
  });
  return code.trim();
}
