import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { notedInstances, noteInstance } from './instances.ts';

describe('where a function runs on this machine', () => {
  it('is told with the last that was started first, whatever its port, and not when it has ended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kwasm-instances-'));
    try {
      await noteInstance(folder, 8080, 'http://127.0.0.1:8080');
      const end = await noteInstance(folder, 9090, 'http://127.0.0.1:9090');
      utimesSync(join(folder, '.func/instances/8080'), 1, 1);
      expect(await notedInstances(folder)).to.deep.equal(['http://127.0.0.1:9090', 'http://127.0.0.1:8080']);
      await end();
      expect(await notedInstances(folder)).to.deep.equal(['http://127.0.0.1:8080']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
