import { type Part, purlOf } from './part.ts';

/** The image that a bill is of. */
export interface Subject {
  readonly name: string;
  readonly version: string;
  readonly digest: string; // sha256:... of its index
}

/**
 * CycloneDX 1.6 as JSON. It has neither the time nor a serial number: the same image has the same bill, byte for byte.
 * https://cyclonedx.org/docs/1.6/json/
 */
export function cyclonedx(subject: Subject, parts: readonly Part[]): string {
  const purl = `pkg:oci/${subject.name}@${encodeURIComponent(subject.digest)}`;
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'container',
        'bom-ref': purl,
        name: subject.name,
        version: subject.version,
        hashes: [{ alg: 'SHA-256', content: subject.digest.slice('sha256:'.length) }],
        licenses: [{ license: { id: 'Apache-2.0' } }],
        purl,
      },
    },
    components: parts.map(component),
    dependencies: [{ ref: purl, dependsOn: parts.map(purlOf) }, ...parts.map((part) => ({ ref: purlOf(part) }))],
  };
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

function component(part: Part): object {
  const { kind, name, version, sha256 } = part;
  return {
    type: kind === 'program' ? 'application' : 'library',
    'bom-ref': purlOf(part),
    ...scoped(name),
    ...(version === undefined ? {} : { version }),
    ...(sha256 === undefined ? {} : { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
    licenses: licences(part),
    purl: purlOf(part),
  };
}

function scoped(name: string): object {
  const [, group, rest] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  return group === undefined ? { name } : { group, name: rest };
}

/** Either one expression or a list of names: the schema allows no mixture. */
function licences({ licence }: Part): readonly object[] {
  if (licence.kind === 'expression') return [{ expression: licence.expression }];
  return licence.names.map((name) => ({ license: { name } }));
}
