/**
 * A quantity as Kubernetes writes them: `128Mi`, `1.5Gi`, `1e9`, `100m`.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
const FORM = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|(m|u|n|k|[KMGTPE]i|[MGTPE]))?$/;

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** undefined: it is none. */
export function parseQuantity(text: string): number | undefined {
  const match = FORM.exec(text.trim());
  if (match === null) return undefined;
  const [, number = '', exponent = '', suffix = ''] = match;
  const value = Number(number + exponent) * (suffix === '' ? 1 : (FACTORS[suffix] ?? Number.NaN));
  return Number.isFinite(value) ? value : undefined;
}
