import { linesOf, type Output, withoutIdle } from './cast.ts';

/** A terminal as a picture: the lines come one after the other, as they did, and the last screen stays. No program runs in it. */
export function castToSvg(output: readonly Output[], title: string, columns: number, rows: number): string {
  const lines = withoutIdle(linesOf(output)).map(({ at, text }) => ({ at, text: text.slice(0, columns) }));
  const [width, height] = [columns * CHAR + 2 * PAD, rows * LINE + 2 * PAD];
  const seconds = Math.max(1, lines.at(-1)?.at ?? 1);
  const drawn = lines.map(({ at, text }, index) => row(text, index, at)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<style>
text { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; fill: #d8dee4; white-space: pre; }
.cmd { fill: #fff; font-weight: 600; } .good { fill: #7ac9a5; } .bad { fill: #ff8a8f; } .dim { fill: #8b97a3; }
@media (prefers-reduced-motion: no-preference) { .l { opacity: 0; animation: a .01s linear forwards; } .s { animation: ${scrolls(lines, rows, seconds)} } }
@keyframes a { to { opacity: 1; } }
${scrollFrames(lines, rows, seconds)}
@media (prefers-reduced-motion: reduce) { .s { transform: translateY(${-overflow(lines, rows) * LINE}px); } }
</style>
<rect width="${width}" height="${height}" rx="6" fill="#11161b"/>
<svg x="${PAD}" y="${PAD}" width="${columns * CHAR}" height="${rows * LINE}"><g class="s">
${drawn}
</g></svg>
</svg>
`;
}

const CHAR = 7.83;
const LINE = 18;
const PAD = 14;

function row(text: string, index: number, at: number): string {
  if (text === '') return '';
  return `<text class="l ${toneOf(text)}" x="0" y="${index * LINE + 13}" style="animation-delay:${at.toFixed(2)}s">${escaped(text)}</text>`;
}

function toneOf(text: string): string {
  if (/^\s*\$ /.test(text)) return 'cmd';
  if (/^\s+ok /.test(text) || text.startsWith('{')) return 'good';
  if (/FAILED/.test(text)) return 'bad';
  return /^\s+\.\.\. /.test(text) ? 'dim' : '';
}

function overflow(lines: readonly Output[], rows: number): number {
  return Math.max(0, lines.length - rows);
}

function scrolls(lines: readonly Output[], rows: number, seconds: number): string {
  return overflow(lines, rows) === 0 ? 'none;' : `s ${seconds.toFixed(2)}s step-end forwards;`;
}

/** One step for each line that no longer fits. */
function scrollFrames(lines: readonly Output[], rows: number, seconds: number): string {
  if (overflow(lines, rows) === 0) return '';
  const steps = lines.slice(rows).map(({ at }, index) => {
    return `${((100 * at) / seconds).toFixed(2)}% { transform: translateY(${-(index + 1) * LINE}px); }`;
  });
  return `@keyframes s { 0% { transform: none; } ${steps.join(' ')} }`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
