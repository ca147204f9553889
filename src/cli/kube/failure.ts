import { classify, messageOf } from '../../errors.ts';
import { ApiError } from '../../operator/kube/api-error.ts';
import { CliError, EXIT } from '../exit.ts';

/** What the API server or the network said, as a person needs it: what, where, and what to do. */
export function explain(error: unknown, name: string, what: string): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof ApiError) return refused(error, name, what);
  const cause = causeOf(error);
  const certificate = CERTIFICATE.test(codeOf(cause)) || CERTIFICATE.test(messageOf(cause));
  if (certificate) {
    const text = `cannot ${what}: the certificate of ${name} is not trusted (${messageOf(cause)}). Check certificate-authority in the kubeconfig`;
    return new CliError(text, { exitCode: EXIT.unreachable, cause: error });
  }
  if (classify(error).kind === 'retryable') {
    const text = `cannot ${what}: ${name} does not answer (${messageOf(cause) || codeOf(cause)}). Check that \`kubectl get --raw /readyz\` answers with the same --context`;
    return new CliError(text, { exitCode: EXIT.unreachable, cause: error });
  }
  return new CliError(`cannot ${what}: ${messageOf(error)}`, { cause: error });
}

function refused(error: ApiError, name: string, what: string): CliError {
  const { status, message } = error;
  switch (status) {
    case 401:
      return new CliError(
        `cannot ${what}: ${name} does not accept your credentials (${message}). Log in again, or choose another --context`,
        { exitCode: EXIT.forbidden, cause: error },
      );
    case 403:
      return new CliError(
        `cannot ${what}: ${message}. \`kwasm check --pre\` lists the permissions that kwasm's commands need`,
        { exitCode: EXIT.forbidden, cause: error },
      );
    case 404:
      return new CliError(`cannot ${what}: ${message}`, { exitCode: EXIT.notFound, cause: error });
    default:
      return new CliError(`cannot ${what}: ${name} answers with HTTP ${status}: ${message}`, {
        exitCode: status >= 500 || status === 429 ? EXIT.unreachable : EXIT.failed,
        cause: error,
      });
  }
}

const CERTIFICATE = /CERT|SELF_SIGNED|certificate|UNABLE_TO_VERIFY/;

/** undici and TLS wrap; the innermost error names the address. */
function causeOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  return cause === undefined ? error : causeOf(cause);
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
