import { expect } from 'chai';
import { linesOf, printCast, withoutIdle } from './cast.ts';
import { castToSvg } from './svg.ts';

const output = [
  { at: 0, text: '$ npm run demo\r\n' },
  { at: 0.5, text: '  ok  a\r\n  ok ' },
  { at: 90, text: ' <b>\r\n' },
  { at: 90.1, text: 'end' },
];

describe('recording', () => {
  it('is in the format that players read', () => {
    const [header, ...events] = printCast({ title: 't', columns: 80, rows: 24, at: 7, output })
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(header).to.deep.include({ version: 2, width: 80, height: 24, timestamp: 7 });
    expect(events[1]).to.deep.equal([0.5, 'o', '  ok  a\r\n  ok ']);
  });

  it('puts lines together that came in parts', () => {
    expect(linesOf(output).map(({ text }) => text)).to.deep.equal(['$ npm run demo', '  ok  a', '  ok  <b>', 'end']);
  });

  it('shows no pause at its full length, and keeps the order', () => {
    const times = withoutIdle(linesOf(output)).map(({ at }) => at);
    expect(times[2]).to.be.closeTo(2, 0.001);
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));
  });

  it('draws every line, as text', () => {
    const svg = castToSvg(output, 'a "title"', 80, 3);
    expect(svg.match(/<text /g)).to.have.length(4);
    expect(svg).to.contain('&lt;b&gt;').and.contain('a &quot;title&quot;').and.not.contain('<b>');
    expect(svg).to.contain('translateY(-18px)');
  });
});
