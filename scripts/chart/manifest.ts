/** Where the images come from until a person says otherwise: a name that no resolver knows (RFC 2606), so it fails loudly. */
export const PLACEHOLDER = 'registry.example/kwasm';

const HEADER = `# kwasm-operator without Helm. Rendered from helm/kwasm-operator by \`npm run manifests\`; do not edit.
# The images are not published yet: build and push them with \`npm run images -- --push REGISTRY\`, then
#   sed 's#${PLACEHOLDER}#REGISTRY#' manifests/kwasm-operator.yaml | kubectl apply -f -
`;

const NAMESPACE = `apiVersion: v1
kind: Namespace
metadata:
  name: kwasm
  labels:
    # Installer pods are privileged: they change the node's containerd.
    pod-security.kubernetes.io/enforce: privileged
`;

/**
 * The rendered chart as one file for kubectl: without the marks of Helm, which would claim that a release owns the objects,
 * and with the namespace, which a chart cannot make.
 */
export function manifest(rendered: string): string {
  const objects = rendered
    .split(/^---$/m)
    .map((object) => object.replace(/^# Source: .*\n|^ +(helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n/gm, ''))
    .map((object) => object.trim())
    .filter((object) => object !== '');
  return [HEADER + NAMESPACE, ...objects.map((object) => `${object}\n`)].join('---\n');
}
