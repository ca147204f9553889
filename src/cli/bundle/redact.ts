/**
 * What must not leave the cluster with a bundle. Secrets are not asked for in the first place; this is for what people write
 * into environments, values, annotations and logs. Better a harmless word too much left out than a password left in.
 */
export const REDACTED = '(left out)';

const SECRET_NAME =
  /pass(word|wd|phrase)?|secret|token|credential|api[-_]?key|private[-_]?key|authorization|cookie|dockerconfig/i;
/** Names that only sound like it. */
const HARMLESS_NAME = /^(automountServiceAccountToken|imagePullSecrets|pullSecrets|secretName|tokenFile)$/;
/** kubectl keeps the whole object there, as it was applied. */
const WHOLE_OBJECTS: ReadonlySet<string> = new Set(['kubectl.kubernetes.io/last-applied-configuration']);

const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  // user:password@ of a URL, a proxy's above all
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+(:[^\s/@]*)?@/gi, `$1${REDACTED}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/._~=-]{8,}/gi, `$1 ${REDACTED}`],
  // a JWT
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, REDACTED],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, REDACTED],
  [/\bAKIA[0-9A-Z]{16}\b/g, REDACTED],
  // password=..., --token ..., "apiKey": "..."
  [
    /((?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|private[-_]?key)["']?\s*[=:]\s*["']?)(?!\(left out\))[^\s"',;&}]+/gi,
    `$1${REDACTED}`,
  ],
];

export function redactText(text: string): string {
  return IN_TEXT.reduce((left, [pattern, instead]) => left.replace(pattern, instead), text);
}

/** A deep copy; keys stay, so that a reader sees that something was there. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(object)
      .filter(([key]) => key !== 'managedFields')
      .map(([key, its]) => [key, redactField(key, its, object)]),
  );
}

function redactField(key: string, value: unknown, object: Readonly<Record<string, unknown>>): unknown {
  if (WHOLE_OBJECTS.has(key)) return REDACTED;
  if (isSecretName(key) && (typeof value === 'string' || typeof value === 'number')) return REDACTED;
  // An environment variable: {name: DB_PASSWORD, value: ...}
  const { name } = object;
  if (key === 'value' && typeof name === 'string' && isSecretName(name)) return REDACTED;
  return redact(value);
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}
