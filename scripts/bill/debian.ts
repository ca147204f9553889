import type { Part } from './part.ts';

const STATUS = 'var/lib/dpkg/status.d/';

/** Debian's packages of a layer, from the control files that its packages left in it and their copyright files. */
export function debianParts(files: ReadonlyMap<string, Buffer>): readonly Part[] {
  const found = [...files].filter(([path]) => path.startsWith(STATUS));
  return found.map(([, control]) => {
    const [name, version] = [field(control, 'Package'), field(control, 'Version')];
    const copyright = files.get(`usr/share/doc/${name}/copyright`)?.toString('utf8') ?? '';
    return { kind: 'deb', name, version, licence: { kind: 'named', names: licenceNames(copyright) } };
  });
}

function field(control: Buffer, name: string): string {
  const value = new RegExp(`^${name}: (.+)$`, 'm').exec(control.toString('utf8'))?.[1];
  if (value === undefined) throw new Error(`a file of ${STATUS} has no ${name}`);
  return value.trim();
}

/** The short names of https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/; other files are for people. */
export function licenceNames(copyright: string): readonly string[] {
  if (!/^Format: .*copyright-format/m.test(copyright)) return ['see its copyright file'];
  const names = [...copyright.matchAll(/^License: *(.+)$/gm)].map(([, name = '']) => name.trim());
  return [...new Set(names)].toSorted();
}
