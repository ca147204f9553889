import assert from 'node:assert/strict';
import { test } from 'node:test';
import handle from '../src/handler.ts';

test('greets, and says which path was asked for', async () => {
  const response = handle(new Request('http://localhost/shop?page=2'));
  assert.equal(response.status, 200);
  assert.equal(await response.text(), 'Hello from WASI! Path: /shop\n');
});
