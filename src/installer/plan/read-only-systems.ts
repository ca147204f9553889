/** Systems on which a runtime cannot be added from outside their image, and the way out of each. */
export interface ReadOnlySystem {
  readonly name: string;
  /** os-release's ID, as the installer reads it on the host. */
  readonly osId: string;
  /** os-release's PRETTY_NAME, which kubelets report as `osImage`. */
  readonly image: RegExp;
  readonly instead: string;
}

/**
 * Not here, though their /usr is read-only: Flatcar, Fedora CoreOS, MicroOS, Azure Linux. What is written goes to /etc, /opt
 * and /var, and there it stays.
 */
export const READ_ONLY_SYSTEMS: readonly ReadOnlySystem[] = [
  {
    name: 'Talos',
    osId: 'talos',
    image: /\btalos\b/i,
    instead: 'Talos takes runtimes as system extensions and its machine configuration names them',
  },
  {
    name: 'Bottlerocket',
    osId: 'bottlerocket',
    image: /\bbottlerocket\b/i,
    instead: 'Bottlerocket has no setting for further runtimes; use nodes with another image, such as Amazon Linux',
  },
  {
    name: 'Container-Optimized OS',
    osId: 'cos',
    image: /\bcontainer-optimized os\b/i,
    instead: "Container-Optimized OS keeps nothing of it over a reboot either; use GKE's Ubuntu node images",
  },
];

export function readOnlySystem(osId: string): ReadOnlySystem | undefined {
  return READ_ONLY_SYSTEMS.find((one) => one.osId === osId);
}
