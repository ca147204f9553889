#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/**
 * A function that loses all it can: comments, order of fields, styles. It changes some resources and adds one; the answer is JSON,
 * so that orchestrators have to bring everything back.
 */
const list = parse(readFileSync(0, 'utf8'), { logLevel: 'silent' });
list.items.forEach((item, i) => {
  if (i % 3 === 0) item.metadata.namespace = 'staging';
  if (i % 7 === 0) item.added = { b: 'x: y', a: [1, { z: 1, y: 2 }] };
});
list.items.push({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'fresh', namespace: 'ns' }, data: {} });
process.stdout.write(JSON.stringify(sorted(list)));

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
