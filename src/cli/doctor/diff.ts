import type { Paint } from '../screen.ts';

/** The installer's text, with its diff as people know diffs. */
export function colourDiff(text: string, paint: Paint): string {
  return text
    .split('\n')
    .map((line) => toned(line, paint))
    .join('\n');
}

function toned(line: string, paint: Paint): string {
  if (/^(\+\+\+|---) /.test(line)) return paint('strong', line);
  if (line.startsWith('+')) return paint('good', line);
  if (line.startsWith('-')) return paint('bad', line);
  if (line.startsWith('An install would be refused')) return paint('bad', line);
  return line === 'Journal' ? paint('strong', line) : line;
}
