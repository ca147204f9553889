/** A span of the week in somebody's own time; `to` at or before `from` means the next day. */
export interface Window {
  /** The days it begins on. []: every day. */
  readonly days: readonly Day[];
  /** HH:MM. */
  readonly from: string;
  readonly to: string;
  /** IANA name, `Europe/Berlin`. */
  readonly timezone: string;
}

export const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
export type Day = (typeof DAYS)[number];

const DAY_MINUTES = 24 * 60;

/** No window: always. */
export function isOpen(windows: readonly Window[], nowMs: number): boolean {
  return windows.length === 0 || windows.some((window) => isIn(window, nowMs));
}

function isIn({ days, from, to, timezone }: Window, nowMs: number): boolean {
  const { day, minute } = localTime(timezone, nowMs);
  const begin = minutesOf(from);
  const length = ((minutesOf(to) - begin + DAY_MINUTES - 1) % DAY_MINUTES) + 1; // the same time twice: a whole day
  const begins = (on: number) => days.length === 0 || days.includes(DAYS[(on + 7) % 7] ?? 'Sun');
  const today = minute >= begin && minute < begin + length && begins(day);
  return today || (minute + DAY_MINUTES < begin + length && begins(day - 1));
}

export function minutesOf(time: string): number {
  const [hours = '', minutes = ''] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** The wall clock there: Intl knows each zone's rules, and so what is open moves with its summer time. */
function localTime(timezone: string, nowMs: number): { readonly day: number; readonly minute: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
  const day = DAYS.indexOf(parts.get('weekday') as Day);
  return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}
