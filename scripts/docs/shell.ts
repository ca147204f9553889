/** The commands of a block, as far as documentation needs shell: comments, quotes, pipes, lines that go on, here-documents. */
export function shellCommands(text: string): readonly (readonly string[])[] {
  return linesOf(text)
    .flatMap((line) => splitOutsideQuotes(line))
    .map(wordsOf)
    .map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))))
    .filter((words) => words.length > 0 && !/^[A-Z_]+=/.test(words[0] ?? ''));
}

function linesOf(text: string): readonly string[] {
  const lines: string[] = [];
  let until: string | undefined;
  for (const line of text.replace(/\\\n/g, ' ').split('\n')) {
    if (until !== undefined) {
      if (line.trim() === until) until = undefined;
      continue;
    }
    until = /<<-?\s*['"]?(\w+)['"]?/.exec(line)?.[1];
    lines.push(line.replace(/<<-?\s*['"]?\w+['"]?/, ''));
  }
  return lines;
}

/** At `|`, `&&`, `||` and `;`, and up to a comment. */
function splitOutsideQuotes(line: string): readonly string[] {
  const parts = [''];
  let quote = '';
  for (const [index, char] of [...line].entries()) {
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '#' && (index === 0 || /\s/.test(line[index - 1] ?? ''))) break;
    else if (char === '|' || char === ';' || char === '&') {
      parts.push('');
      continue;
    }
    parts[parts.length - 1] += char;
  }
  return parts.filter((part) => part.trim() !== '');
}

export function wordsOf(command: string): readonly string[] {
  return [...command.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/["']/g, ''));
}
