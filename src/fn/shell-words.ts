import { Terminal } from '../errors.ts';

/** The words of a command as a shell would cut it: spaces, quotes and backslashes; nothing is expanded. */
export function shellWords(command: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < command.length; i++) {
    const char = command.charAt(i);
    if (char === "'" || char === '"') {
      const end = closing(command, i);
      word = (word ?? '') + unquoted(command.slice(i + 1, end), char);
      i = end;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '\\' && i + 1 < command.length) word = (word ?? '') + command.charAt(++i);
    else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function closing(command: string, at: number): number {
  const quote = command.charAt(at);
  for (let i = at + 1; i < command.length; i++) {
    if (command.charAt(i) === quote) return i;
    if (quote === '"' && command.charAt(i) === '\\') i++;
  }
  throw new Terminal(`${command}: the ${quote} at ${at + 1} is not closed`);
}

function unquoted(text: string, quote: string): string {
  return quote === '"' ? text.replaceAll(/\\([\\"$`])/g, '$1') : text;
}
