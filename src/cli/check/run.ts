import type { CheckFlags } from '../check.ts';
import { CliError, EXIT } from '../exit.ts';
import { onInterrupt } from '../interrupt.ts';
import { type Client, withClient } from '../kube/client.ts';
import { findOperator, NAMESPACE_DEFAULT } from '../operator.ts';
import { type Paint, painter, screenOf, wrap } from '../screen.ts';
import { readStatus } from '../status/read.ts';
import { type StatusView, statusView } from '../status/view.ts';
import { after } from './after.ts';
import { before, others } from './before.ts';
import { demoImage, runCanary } from './canary.ts';
import { type Answer, type Asked, bad, type Section, skipped, summary } from './result.ts';

export async function runCheck(flags: CheckFlags): Promise<void> {
  using interrupt = onInterrupt();
  const asked = await withClient(
    flags,
    async (client) => await askAll(await sectionsOf(client, flags, interrupt.signal), flags),
  );
  const { passed, text } = summary(asked);
  if (flags.output === 'json') {
    const checks = asked.map(({ section, title, answer }) => ({ section, title, ...answer }));
    process.stdout.write(`${JSON.stringify({ kind: 'kwasm.sh/check', version: 1, passed, checks }, null, 2)}\n`);
  } else {
    process.stdout.write(`\n${text}\n`);
  }
  if (interrupt.signal.aborted) throw new CliError('interrupted', { exitCode: EXIT.interrupted });
  process.exitCode = passed ? EXIT.ok : EXIT.unfit;
}

async function sectionsOf(client: Client, flags: CheckFlags, signal: AbortSignal): Promise<readonly Section[]> {
  if (flags.pre === true) {
    const found = flags.namespace === undefined ? await findOperator(client, flags) : undefined;
    const there = found?.kind === 'present' ? found.operator.namespace : undefined;
    return before(client, flags.namespace ?? there ?? NAMESPACE_DEFAULT);
  }
  const view = statusView(await readStatus(client, flags, false));
  return [...after(view, () => canaryOf(client, view, flags, signal)), others(client)];
}

async function canaryOf(client: Client, view: StatusView, flags: CheckFlags, signal: AbortSignal): Promise<Answer> {
  if (!flags.canary) return skipped('--no-canary');
  const image = flags.canaryImage ?? demoImage(view.operator);
  const leading = view.classes.find(({ handler, nodes }) => handler === 'wasmtime' && nodes > 0);
  if (image === undefined) return skipped("no image: the operator's has no tag to go by; --canary-image names one");
  if (leading === undefined) return skipped('no RuntimeClass of the handler wasmtime leads to a node');
  if (view.operator.kind !== 'present') return skipped('there is no operator');
  const { namespace, installer } = view.operator.operator;
  const canary = {
    image,
    namespace,
    runtimeClass: leading.name,
    pullSecrets: installer.imagePullSecrets,
    node: flags.node,
  };
  return await runCanary(client, canary, signal);
}

const PERMISSIONS = 'kwasm check --pre lists the permissions that are missing';

/** One after the other, each printed when it is answered. A question that fails is an answer, too, unless nobody answers at all. */
async function askAll(sections: readonly Section[], flags: CheckFlags): Promise<readonly Asked[]> {
  const screen = screenOf(process.stdout, process.env);
  const paint = painter(screen.colour);
  const asked: Asked[] = [];
  const { output } = flags;
  for (const [at, { title: section, checks }] of sections.entries()) {
    if (output === undefined) screen.write(`${at === 0 ? '' : '\n'}${paint('strong', section)}\n`);
    for (const { title, ask } of checks) {
      const answer = await ask().catch((error: unknown): Answer => {
        if (!(error instanceof CliError) || error.exitCode === EXIT.unreachable) throw error;
        const missing = flags.pre === true ? 'ask whoever gives rights in this cluster for it' : PERMISSIONS;
        return bad(error.message, error.exitCode === EXIT.forbidden ? missing : 'kubectl get --raw /readyz?verbose');
      });
      asked.push({ section, title, answer });
      if (output === undefined) screen.write(`${answerLines(title, answer, paint, screen.columns).join('\n')}\n`);
    }
  }
  return asked;
}

const SIGNS = { ok: ['good', '✓'], warn: ['warn', '!'], bad: ['bad', '✗'], skipped: ['dim', '–'] } as const;

export function answerLines(title: string, answer: Answer, paint: Paint, width: number): readonly string[] {
  const [tone, sign] = SIGNS[answer.kind];
  const head = ` ${paint(tone, sign)} ${title}`;
  if (answer.kind === 'ok') return [answer.said === '' ? head : `${head} ${paint('dim', `(${answer.said})`)}`];
  const said = wrap(answer.said, width - 5).map((line) => `     ${line}`);
  const fix = 'fix' in answer ? wrap(`→ ${answer.fix}`, width - 5).map((line) => `     ${paint('strong', line)}`) : [];
  return [head, ...said, ...fix];
}
