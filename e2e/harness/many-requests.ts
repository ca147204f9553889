import { Agent, request } from 'node:http';

const ANSWER_MS_MAX = 30_000;

/** Asks `count` times, `at` at one time over connections that stay open, then closes them. How often there was which answer. */
export async function manyRequests(url: string, count: number, at = 8): Promise<Readonly<Record<string, number>>> {
  const agent = new Agent({ keepAlive: true, maxSockets: at });
  const answers: Record<string, number> = {};
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await ask(url, agent);
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: at }, worker));
    return answers;
  } finally {
    agent.destroy();
  }
}

export function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, signal: AbortSignal.timeout(ANSWER_MS_MAX) }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.once('error', reject).once('end', () => resolve(`${answer.statusCode} ${text.trim()}`));
    });
    asking.once('error', reject).end();
  });
}
