import { expect } from 'chai';
import { cut, LiveLines } from './live.ts';
import { bar, columns, painter, type Screen, screenOf, widthOf, wrap } from './screen.ts';

describe('a screen', () => {
  const stream = (isTTY: boolean) => ({ isTTY, columns: 90, rows: 30, write: () => true }) as never;
  const cases = [
    { name: 'a terminal', tty: true, env: {}, colour: true, live: true },
    { name: 'a file', tty: false, env: {}, colour: false, live: false },
    { name: 'NO_COLOR', tty: true, env: { NO_COLOR: '1' }, colour: false, live: true },
    { name: 'an empty NO_COLOR', tty: true, env: { NO_COLOR: '' }, colour: true, live: true },
    { name: 'a dumb terminal', tty: true, env: { TERM: 'dumb' }, colour: false, live: false },
  ];
  for (const { name, tty, env, colour, live } of cases) {
    it(name, () => expect(screenOf(stream(tty), env)).to.include({ colour, live }));
  }
});

describe('lines', () => {
  const paint = painter(true);

  it('stand in columns, colours or not', () => {
    expect(
      columns([
        [paint('good', 'a'), 'b'],
        ['ccc', 'd'],
      ]).map((line) => line.length - widthOf(line) > 0),
    ).to.deep.equal([true, false]);
    expect(
      columns([
        ['a', 'b'],
        ['ccc', ''],
      ]),
    ).to.deep.equal(['a    b', 'ccc']);
  });

  it('are cut where the screen ends, and their colour with them', () => {
    expect(cut('abcdef', 4)).to.equal('abc…');
    expect(cut('abcd', 4)).to.equal('abcd');
    const cutLine = cut(paint('bad', 'abcdef'), 4);
    expect(widthOf(cutLine)).to.equal(4);
    expect(cutLine.endsWith('\u001b[0m')).to.equal(true);
  });

  it('wrap at spaces', () => {
    expect(wrap('one two three', 7)).to.deep.equal(['one two', 'three']);
    expect(wrap('unbreakable', 4)).to.deep.equal(['unbreakable']);
  });
});

describe('live lines', () => {
  /** What a terminal makes of it: lines, wrapped as they are when it becomes narrower. */
  class Terminal implements Screen {
    readonly colour = false;
    readonly live = true;
    columns = 10;
    rows = 6;
    #lines: string[] = [];
    #at = 0;

    write(text: string): void {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
      for (const part of text.split(/(\u001b\[\??\d*[A-Za-z]|\n|\r)/)) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: how far up
        const up = /^\u001b\[(\d+)A$/.exec(part)?.[1];
        if (part === '\n') this.#at += 1;
        else if (part === '\u001b[J') this.#lines.length = Math.min(this.#lines.length, this.#at);
        else if (up !== undefined) this.#at = Math.max(0, this.#at - Number(up));
        else if (part !== '' && part !== '\r' && !part.startsWith('\u001b')) this.#lines[this.#at] = part;
      }
    }

    shrink(columns: number): void {
      this.columns = columns;
      const wrapped = this.#lines.flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'g')) ?? ['']);
      this.#at += wrapped.length - this.#lines.length;
      this.#lines = wrapped;
    }

    seen(): readonly string[] {
      return this.#lines;
    }
  }

  it('stand over each other, and fewer leave nothing behind', () => {
    const terminal = new Terminal();
    const lines = new LiveLines(terminal);
    lines.draw(['one', 'two', 'three']);
    lines.draw(['four', 'five']);
    expect(terminal.seen()).to.deep.equal(['four', 'five']);
    lines.clear();
    expect(terminal.seen()).to.deep.equal([]);
  });

  it('are as wide and as high as the window is now, and what it has wrapped is gone', () => {
    const terminal = new Terminal();
    const lines = new LiveLines(terminal);
    lines.draw(['0123456789', 'short', '0123456789']);
    terminal.shrink(5);
    lines.draw(['0123456789', 'end']);
    expect(terminal.seen()).to.deep.equal(['0123…', 'end']);
    terminal.rows = 4;
    lines.draw(['a', 'b', 'c', 'd', 'e']);
    expect(terminal.seen()).to.deep.equal(['a', 'b', '… 3 …']);
  });
});

describe('a progress bar', () => {
  const plain = painter(false);
  const parts = (good: number, dim: number) => [
    { tone: 'good', count: good } as const,
    { tone: 'dim', count: dim } as const,
  ];
  it('is as wide as asked for, whatever is in it', () => {
    for (const [good, dim] of [
      [0, 0],
      [1, 4999],
      [4999, 1],
      [3, 3],
      [5, 0],
    ] as const) {
      expect(widthOf(bar(parts(good, dim), 30, plain)), `${good}/${dim}`).to.equal(30);
    }
  });
  it('tells failures from the rest without colours', () =>
    expect(
      bar(
        [
          { tone: 'good', count: 2 },
          { tone: 'bad', count: 1 },
          { tone: 'dim', count: 1 },
        ],
        4,
        plain,
      ),
    ).to.equal('██▒░'));
  it('shows one of 5,000', () => expect(bar(parts(1, 4999), 10, plain)).to.equal('█░░░░░░░░░'));
  it('is not full before all is done', () => expect(bar(parts(4999, 1), 10, plain)).to.equal('█████████░'));
});
