import { expect } from 'chai';
import { type FileSystem, type Need, shortage } from './space.ts';

const MIB = 1024 * 1024;
const big: FileSystem = { id: 1, freeBytes: 100 * MIB, freeInodes: 5000 };

describe('room on the disk', () => {
  const cases: readonly {
    readonly name: string;
    readonly needs: readonly Need[];
    readonly on: Readonly<Record<string, FileSystem>>;
    readonly says: RegExp | undefined;
  }[] = [
    { name: 'is enough', needs: [{ path: '/opt', bytes: 90 * MIB }], on: { '/opt': big }, says: undefined },
    {
      name: 'must do for all that goes to one file system together',
      needs: [
        { path: '/opt', bytes: 50 * MIB },
        { path: '/var', bytes: 50 * MIB },
      ],
      on: { '/opt': big, '/var': big },
      says: /^the file system of \/opt, \/var has 100\.0 MiB free, 104\.0 MiB are needed/,
    },
    {
      name: 'is looked at for each file system',
      needs: [
        { path: '/opt', bytes: 50 * MIB },
        { path: '/var', bytes: 1 },
      ],
      on: { '/opt': big, '/var': { ...big, id: 2, freeBytes: 100 } },
      says: /^the file system of \/var /,
    },
    {
      name: 'counts inodes, too',
      needs: [{ path: '/var', bytes: 1 }],
      on: { '/var': { ...big, freeInodes: 3 } },
      says: /3 inodes left/,
    },
    {
      name: 'has no limit of inodes where they are made as needed',
      needs: [{ path: '/var', bytes: 1 }],
      on: { '/var': { ...big, freeInodes: undefined } },
      says: undefined,
    },
  ];
  for (const { name, needs, on, says } of cases) {
    it(name, () => {
      const found = shortage(needs, (path) => on[path] ?? big);
      if (says === undefined) expect(found).to.equal(undefined);
      else expect(found).to.match(says);
    });
  }
});
