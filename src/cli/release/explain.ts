import { type Document, isMap, parseDocument, type YAMLMap } from 'yaml';
import { CliError, EXIT } from '../exit.ts';

/** The chart's values as its author wrote them, comments and all; or only those below a key. */
export function explainValues(text: string, key: string | true): string {
  if (key === true) return text;
  const document = parseDocument(text);
  let map: unknown = document.contents;
  const path = key.split('.');
  for (const [depth, part] of path.entries()) {
    const pair = isMap(map)
      ? (map as YAMLMap<{ value: string }>).items.find(({ key: its }) => its.value === part)
      : undefined;
    if (pair === undefined) throw unknownKey(path.slice(0, depth + 1).join('.'), map);
    if (depth < path.length - 1) {
      map = pair.value;
      continue;
    }
    return printPair(document, pair);
  }
  return text;
}

function printPair(document: Document, pair: YAMLMap['items'][number]): string {
  const only = document.clone() as Document;
  only.commentBefore = null;
  const map = only.createNode({}) as YAMLMap;
  map.items.push(pair);
  only.contents = map;
  return only.toString({ lineWidth: 0 }).trimStart();
}

function unknownKey(key: string, map: unknown): CliError {
  const known = isMap(map)
    ? (map as YAMLMap<{ value: string }>).items.map(({ key: its }) => its.value).join(', ')
    : 'none';
  return new CliError(`the chart has no value ${key}; beside it there are: ${known}`, { exitCode: EXIT.usage });
}
