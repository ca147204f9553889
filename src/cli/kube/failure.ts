import { classify, messageOf, rootOf, tlsTroubleOf } from '../../errors.ts';
import { ApiError } from '../../operator/kube/api-error.ts';
import { CliError, EXIT } from '../exit.ts';

/** What the API server or the network said, as a person needs it: what, where, and what to do. */
export function explain(error: unknown, name: string, what: string): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof ApiError) return refused(error, name, what);
  const unreachable = (text: string) =>
    new CliError(`cannot ${what}: ${text}`, { exitCode: EXIT.unreachable, cause: error });
  const tls = tlsTroubleOf(error);
  if (tls?.kind === 'plain') return unreachable(`${name} does not speak TLS. Check its server in the kubeconfig`);
  if (tls !== undefined) {
    return unreachable(
      `the certificate of ${name} is not trusted (${tls.why}). Check certificate-authority in the kubeconfig`,
    );
  }
  if (error instanceof SyntaxError) return foreign(error, name, what);
  if (classify(error).kind === 'retryable') {
    const root = rootOf(error);
    const why = messageOf(root) || String((root as { readonly code?: unknown }).code);
    return unreachable(
      `${name} does not answer (${why}). Check that \`kubectl get --raw /readyz\` answers with the same --context`,
    );
  }
  return new CliError(`cannot ${what}: ${messageOf(error)}`, { cause: error });
}

/** A page, a redirection: somebody else answers there. */
export function foreign(cause: unknown, name: string, what: string): CliError {
  return new CliError(
    `cannot ${what}: ${name} does not answer as an API server does: a proxy, or a page to log in at? Check its server in the kubeconfig`,
    { exitCode: EXIT.unreachable, cause },
  );
}

function refused(error: ApiError, name: string, what: string): CliError {
  const { status, message } = error;
  if (status >= 300 && status < 400) return foreign(error, name, what);
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
