import { Terminal } from '../errors.ts';

export const REDIRECTS_MAX = 5;

/** Where `from` sends its caller: another host, perhaps, but never from TLS to none. */
export function sentOn(from: URL, location: string): URL {
  const to = URL.parse(location, from.href);
  if (to === null || !/^https?:$/.test(to.protocol))
    throw new Terminal(`${from.origin} sends us to '${location}', which is no address; it was not followed`);
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new Terminal(`${from.origin} sends us to ${to.origin}, which is not HTTPS; it was not followed`);
  return to;
}
