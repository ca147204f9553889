/** Every reason of a Shim's conditions, the documented list: docs/shims.md is generated from here. */
export const SHIM_REASONS = {
  Ready: { meaning: 'It is proved live on every node that is to have it.', todo: 'Nothing.' },
  NoNodes: {
    meaning: 'No node is to have it: none that is annotated is selected.',
    todo: 'Annotate nodes, or look at its nodeSelector.',
  },
  RollingOut: {
    meaning: 'Nodes are still to be changed, in the order of the rollout.',
    todo: 'Wait; the conditions of the nodes say what each waits for.',
  },
  NodesFailed: {
    meaning: 'On some nodes the last run failed; `status.problems` names them.',
    todo: 'Read what is said there. A change of the Shim has them tried again.',
  },
  Removing: {
    meaning: 'It is being deleted, and there are nodes that may still have it.',
    todo: 'Wait, or end the pods that the message names. A node that is not Ready is waited for 10 minutes.',
  },
  Conflict: {
    meaning: 'Another Shim names the same handler. Neither is installed; what nodes have stays.',
    todo: 'Delete all but one of those that the message names.',
  },
  Invalid: { meaning: 'Its spec says something that cannot be carried out.', todo: 'Mend what the message names.' },
  NotPinned: {
    meaning:
      'A Shim of runtime.spinkube.dev without a sha256: what would be downloaded is whatever lies there that day.',
    todo: 'Add the sha256 that the message asks for.',
  },
  HeldByOther: {
    meaning: 'runtime-class-manager has this Shim in hand: its finalizer is on it.',
    todo: 'docs/migrate-from-runtime-class-manager.md.',
  },
  ThirdPartyInstaller: {
    meaning: 'kwasmOperator.installerImage is a third-party installer, which brings what it brings.',
    todo: 'Leave that value empty to have Shims installed.',
  },
  DaemonSetMode: {
    meaning: 'In mode daemonset every pod installs what the image of the installer brings.',
    todo: 'Use mode jobs to have Shims installed.',
  },
  AsExpected: { meaning: 'Nothing is wrong.', todo: 'Nothing.' },
} as const satisfies Readonly<Record<string, { readonly meaning: string; readonly todo: string }>>;

export type ShimReason = keyof typeof SHIM_REASONS;
