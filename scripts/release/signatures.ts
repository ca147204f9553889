import { CHECKSUMS } from './checksums.ts';

/** An image or chart that was pushed, and the bills of materials that belong to it. */
export interface Published {
  readonly reference: string; // repository@sha256:...
  readonly bills: readonly string[]; // files below dist
}

/**
 * The arguments of each `cosign` that a release runs. Keyless: the certificate names the workflow and the tag that it ran
 * for, so who verifies needs no key of ours, and there is none to lose. https://docs.sigstore.dev/cosign/signing/overview/
 */
export function signings(published: readonly Published[], dist: string): readonly (readonly string[])[] {
  const images = published.flatMap(({ reference, bills }) => [
    ['sign', '--yes', '--recursive', reference],
    ...bills.map((bill) => ['attest', '--yes', '--type', 'cyclonedx', '--predicate', `${dist}/${bill}`, reference]),
  ]);
  const bundle = `${dist}/${CHECKSUMS}.sigstore.json`;
  return [...images, ['sign-blob', '--yes', '--bundle', bundle, `${dist}/${CHECKSUMS}`]];
}
