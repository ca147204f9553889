import { componentizeProgram } from '../../wasm/componentize.ts';
import { labelLists } from './label-lists.ts';

/** The versions that kwasm's own tests use; package.json of the project is the user's to change. */
export const TS_PACKAGES = {
  dependencies: { yaml: '2.9.1' },
  devDependencies: {
    '@bytecodealliance/componentize-js': '0.23.0',
    '@bytecodealliance/jco': '1.35.0',
    '@bytecodealliance/preview2-shim': '0.26.1',
    esbuild: '0.28.2',
    typescript: '7.0.2',
  },
} as const;

/** What `kwasm fn init --lang ts` writes: a function that becomes a component, which answers HTTP. */
export function tsTemplate(name: string): Readonly<Record<string, string>> {
  const scripts = { build: 'kwasm fn build', test: 'kwasm fn test', check: 'tsc -p .' };
  return {
    'function.json': json({ lang: 'ts', module: `${name}.wasm` }),
    'package.json': json({ name, version: '0.1.0', private: true, type: 'module', scripts, ...TS_PACKAGES }),
    'tsconfig.json': json(TSCONFIG),
    'build.mjs': BUILD,
    'world.wit': `package local:${name};\n\nworld function {\n  export wasi:http/incoming-handler@0.2.10;\n}\n`,
    'src/main.ts': MAIN,
    'src/labels.ts': LABELS,
    '.gitignore': `/${name}.wasm\n/node_modules/\n`,
    ...labelLists(),
    'README.md': readme(name),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'preserve',
    lib: ['es2023', 'webworker'],
    types: [],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  },
  include: ['src'],
};

const MAIN = `import { parseDocument } from 'yaml';
import { transform } from './labels.ts';

/** A KRM function as an HTTP handler: the ResourceList is the body, 200 the changed one, any other status a failure with a message. */
addEventListener('fetch', (event) => {
  const { request, respondWith } = event as unknown as {
    readonly request: Request;
    respondWith(response: Promise<Response>): void;
  };
  respondWith.call(event, answer(request));
});

async function answer(request: Request): Promise<Response> {
  try {
    const list = parseDocument(await request.text());
    const [broken] = list.errors;
    if (broken !== undefined) throw broken;
    transform(list);
    const json = request.headers.get('content-type') === 'application/json';
    return new Response(json ? JSON.stringify(list.toJSON(), null, 2) : list.toString({ lineWidth: 0 }));
  } catch (error) {
    return new Response(error instanceof Error ? error.message : String(error), { status: 422 });
  }
}
`;

const LABELS = `import { type Document, isMap, isSeq } from 'yaml';

/** Sets the labels of functionConfig.data on every item. The document, not its values, so that comments and order stay. */
export function transform(list: Document): void {
  const labels = list.getIn(['functionConfig', 'data']);
  if (!isMap(labels) || labels.items.length === 0)
    throw new Error('functionConfig.data is empty: say which labels to set');
  const items = list.get('items');
  if (!isSeq(items)) return;
  for (const at of items.items.keys()) {
    if (!isMap(list.getIn(['items', at, 'metadata']))) throw new Error(\`item \${at + 1} has no metadata\`);
    for (const { key, value } of labels.items)
      list.setIn(['items', at, 'metadata', 'labels', String(key)], String(value));
  }
}
`;

const BUILD = `// kwasm fn build starts this: src/main.ts as one file, on a JavaScript engine that was compiled to WebAssembly.
${componentizeProgram(`{
  entry: { entryPoints: ['src/main.ts'] },
  wit: 'world.wit',
  world: 'function',
  features: {},
  target: process.argv[2] ?? 'function.wasm',
}`)}`;

function readme(name: string): string {
  return `# ${name}

A KRM function: it sets the labels of its functionConfig on every object.

\`\`\`bash
npm install
kwasm fn build            # ${name}.wasm, a component with a JavaScript engine in it (12 MB), by build.mjs
kwasm fn test             # each directory below tests/: input.yaml gives expected.yaml, or fails with error.txt
kwasm fn test --update    # writes expected.yaml anew
npm run check             # types
kwasm fn run ${name}.wasm -f deployment.yaml -- team=shop
kwasm wasm push --format cncf ${name}.wasm registry.example.com/${name}:1
\`\`\`
`;
}
