import { expect } from 'chai';
import { isOpen, type Window } from './window.ts';

const window = (change: Partial<Window>): Window => ({
  days: [],
  from: '22:00',
  to: '04:00',
  timezone: 'UTC',
  ...change,
});
const berlin = { timezone: 'Europe/Berlin' };

describe('isOpen', () => {
  // 2026-03-28 is a Saturday; summer time begins in Berlin in the night that follows, at 02:00.
  const cases: readonly { name: string; windows: readonly Window[]; at: string; is: boolean }[] = [
    { name: 'no window: always', windows: [], at: '2026-03-28T12:00Z', is: true },
    { name: 'its first minute', windows: [window({})], at: '2026-03-28T22:00Z', is: true },
    { name: 'the minute before', windows: [window({})], at: '2026-03-28T21:59Z', is: false },
    { name: 'past midnight', windows: [window({})], at: '2026-03-28T03:59Z', is: true },
    { name: 'its end is outside', windows: [window({})], at: '2026-03-28T04:00Z', is: false },
    { name: 'the day it begins on', windows: [window({ days: ['Sat'] })], at: '2026-03-28T23:00Z', is: true },
    { name: 'the night of the day before', windows: [window({ days: ['Sat'] })], at: '2026-03-29T03:00Z', is: true },
    { name: 'the night before the day', windows: [window({ days: ['Sat'] })], at: '2026-03-28T03:00Z', is: false },
    { name: 'Sunday follows Saturday', windows: [window({ days: ['Sun'] })], at: '2026-03-30T01:00Z', is: true },
    { name: 'another day', windows: [window({ days: ['Tue'] })], at: '2026-03-28T23:00Z', is: false },
    { name: 'one of two', windows: [window({ days: ['Tue'] }), window({})], at: '2026-03-28T23:00Z', is: true },
    {
      name: 'a whole day',
      windows: [window({ from: '00:00', to: '24:00', days: ['Sat'] })],
      at: '2026-03-28T23:59Z',
      is: true,
    },
    {
      name: 'and no longer',
      windows: [window({ from: '00:00', to: '24:00', days: ['Sat'] })],
      at: '2026-03-29T00:00Z',
      is: false,
    },
    {
      name: 'the same time twice: a day',
      windows: [window({ from: '08:00', to: '08:00' })],
      at: '2026-03-28T07:59Z',
      is: true,
    },
    { name: 'winter time', windows: [window(berlin)], at: '2026-03-28T21:00Z', is: true },
    { name: 'before it', windows: [window(berlin)], at: '2026-03-28T20:59Z', is: false },
    { name: 'summer time', windows: [window(berlin)], at: '2026-03-29T20:00Z', is: true },
    { name: 'after the lost hour', windows: [window(berlin)], at: '2026-03-29T01:59Z', is: true },
    { name: 'ends by the clock on the wall', windows: [window(berlin)], at: '2026-03-29T02:00Z', is: false },
  ];
  for (const { name, windows, at, is } of cases) {
    it(`${name}: ${at} is ${is ? 'open' : 'closed'}`, () => expect(isOpen(windows, Date.parse(at))).to.equal(is));
  }
});
