import { expect } from 'chai';
import { cut } from './live.ts';
import { bar, columns, painter, screenOf, widthOf, wrap } from './screen.ts';

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
  it('shows one of 5,000', () => expect(bar(parts(1, 4999), 10, plain)).to.equal('█░░░░░░░░░'));
  it('is not full before all is done', () => expect(bar(parts(4999, 1), 10, plain)).to.equal('█████████░'));
});
