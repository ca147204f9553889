import { expect } from 'chai';
import { readable } from './line.ts';

describe('a line of a log', () => {
  const cases = [
    { name: 'of another program', line: 'containerd: hello', text: 'containerd: hello' },
    { name: 'that looks like JSON', line: '{nope', text: '{nope' },
    {
      name: 'of ours',
      line: '{"level":"info","message":"step","timestamp":"2026-01-02T03:04:05.678Z","ms":7,"step":"verify"}',
      text: '03:04:05 step  ms=7  step=verify',
    },
    { name: 'that warns', line: '{"level":"warn","message":"told to stop"}', text: 'WARN told to stop' },
    {
      name: 'that is a Verdict',
      line: '{"kind":"kwasm.sh/verdict","outcome":"refused","reason":"NoSystemd","message":"no systemd","steps":[]}',
      text: '=> refused (NoSystemd): no systemd',
    },
  ];
  for (const { name, line, text } of cases) it(name, () => expect(readable(line)).to.equal(text));
});
