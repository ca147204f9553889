import { expect } from 'chai';
import { bashLine, bashReply } from './bash-line.ts';

const BREAKS = ' \t\n"\'><=;|&(:';

describe("a line of bash's prompt", () => {
  const cases: readonly { line: string; words: readonly string[]; found?: string; reply?: string }[] = [
    { line: 'kwasm stat', words: ['stat'], found: 'status', reply: 'status' },
    { line: 'kwasm ', words: [''], found: 'node', reply: 'node' },
    { line: 'kwasm  node\tenable ', words: ['node', 'enable', ''] },
    { line: 'kwasm --context "a b" stat', words: ['--context', 'a b', 'stat'], found: 'status', reply: 'status' },
    { line: "kwasm --context 'a \"b' stat", words: ['--context', 'a "b', 'stat'] },
    { line: 'kwasm --context a\\ b stat', words: ['--context', 'a b', 'stat'] },
    { line: 'kwasm "" stat', words: ['', 'stat'] },
    { line: 'kwasm -o js', words: ['-o', 'js'], found: 'json', reply: 'json' },
    { line: 'kwasm -o=js', words: ['-o=js'], found: '-o=json', reply: 'json' },
    { line: 'kwasm --context arn:aws:e', words: ['--context', 'arn:aws:e'], found: 'arn:aws:eks:x', reply: 'eks:x' },
    {
      line: 'kwasm --context "arn:aws:e',
      words: ['--context', 'arn:aws:e'],
      found: 'arn:aws:eks',
      reply: 'arn:aws:eks',
    },
    { line: 'kwasm --context my', words: ['--context', 'my'], found: 'my team', reply: 'my\\ team' },
    { line: 'kwasm --context my\\ t', words: ['--context', 'my t'], found: 'my team', reply: 'my\\ team' },
    { line: 'kwasm --context "my t', words: ['--context', 'my t'], found: 'my team', reply: 'my team' },
    { line: "kwasm --context='my t", words: ['--context=my t'], found: '--context=my team', reply: 'my team' },
    { line: 'kwasm --context=my\\ t', words: ['--context=my t'], found: '--context=my team', reply: 'my\\ team' },
    { line: 'kwasm "a\\"b\\c', words: ['a"b\\c'] },
    { line: 'kwasm a\\', words: ['a'] },
    { line: '', words: [''] },
  ];
  for (const { line, words, found, reply } of cases) {
    it(JSON.stringify(line), () => {
      const parsed = bashLine(line, BREAKS);
      expect(parsed.words).to.deep.equal(words);
      if (found !== undefined) expect(bashReply(parsed, found)).to.equal(reply);
    });
  }
});
