import { parseDocument } from 'yaml';
import { printed } from './input.ts';
import type { ListText } from './list-text.ts';

/** What is printed: the last function's own text, unless it is of another form or version than what was given. */
export function answerText(list: ListText, given: ListText): string {
  const sameVersion = list.apiVersion === given.apiVersion;
  if (sameVersion && list.format === given.format) return list.text.endsWith('\n') ? list.text : `${list.text}\n`;
  const document = parseDocument(list.text);
  if (!sameVersion) document.set('apiVersion', given.apiVersion);
  if (list.format === 'json' && given.format === 'yaml') blockStyle(document.contents);
  return printed(document, given.format);
}

/** JSON read as YAML is in flow style; as YAML it is to be read by people. */
function blockStyle(root: unknown): void {
  const nodes: unknown[] = [root];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    if ('flow' in node) node.flow = false;
    if ('type' in node && 'value' in node) {
      if (node.type === 'QUOTE_DOUBLE') delete (node as { type?: string }).type;
      nodes.push(node.value);
    } else if ('key' in node && 'value' in node) nodes.push(node.key, node.value);
    if ('items' in node && Array.isArray(node.items)) nodes.push(...node.items);
  }
}
