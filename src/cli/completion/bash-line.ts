/** The line of bash's prompt up to the cursor. */
export interface BashLine {
  /** Behind the command, without their quotes; the last is the one that is being typed. */
  readonly words: readonly string[];
  /** So many characters of the last word stay as they stand there: bash completes what is behind a quote, or behind = and :. */
  readonly kept: number;
  readonly isQuoted: boolean;
}

/** `breaks`: $COMP_WORDBREAKS. */
export function bashLine(line: string, breaks: string): BashLine {
  const words: string[] = [];
  let [word, kept, quote, isBegun] = ['', 0, '', false];
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    const next = line.charAt(at + 1);
    if (char === '\\' && quote !== "'" && (quote === '' || '"\\$`'.includes(next))) {
      word += next;
      at += 1;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === '"' || char === "'") {
      [quote, kept] = [char, word.length];
    } else if (/\s/.test(char)) {
      if (isBegun) words.push(word);
      [word, kept, isBegun] = ['', 0, false];
      continue;
    } else {
      word += char;
      if (breaks.includes(char)) kept = word.length;
    }
    isBegun = true;
  }
  return { words: [...words, word].slice(words.length === 0 ? 0 : 1), kept, isQuoted: quote !== '' };
}

/** What bash puts in the place of the part that it completes; `found` is a whole word. */
export function bashReply({ kept, isQuoted }: BashLine, found: string): string {
  const rest = found.slice(kept);
  return isQuoted ? rest : rest.replace(/[\s"'\\$`&|;<>()*?!#~{}[\]]/g, '\\$&');
}
