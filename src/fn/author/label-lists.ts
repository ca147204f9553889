/** The golden lists of the function that every template holds: it sets labels. */
export function labelLists(): Readonly<Record<string, string>> {
  return {
    'tests/labels/input.yaml': list(''),
    'tests/labels/expected.yaml': list('    labels:\n      team: shop\n'),
    'tests/without-config/input.yaml': list('').replace(/functionConfig:[\s\S]*$/, ''),
    'tests/without-config/error.txt': 'functionConfig.data is empty: say which labels to set\n',
  };
}

function list(labels: string): string {
  return `apiVersion: config.kubernetes.io/v1
kind: ResourceList
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata:
      name: example # comments stay
${labels.replaceAll(/^/gm, (_, at: number) => (at < labels.length ? '  ' : ''))}    data:
      key: value
functionConfig:
  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: function-input
  data:
    team: shop
`;
}
