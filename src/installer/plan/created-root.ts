/** The root configuration where there was none: its own, recognisable text, so that uninstall may remove the file. */
export function createdRoot(version: 2 | 3): string {
  return `# Created by kwasm: this node had no containerd configuration.\nversion = ${version}\n`;
}

export const isCreatedRoot = (text: string): boolean =>
  [2, 3].some((version) => text === createdRoot(version as 2 | 3));
