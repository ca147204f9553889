const KEPT = 'kwasm-token';

/**
 * The token comes behind `#`, which no browser sends anywhere, and leaves the address line at once, so that it is neither
 * bookmarked nor seen over a shoulder. This tab keeps it for a reload.
 */
export function takeToken(): string {
  const given = location.hash.slice(1);
  if (given !== '') {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, '', '/');
  }
  return sessionStorage.getItem(KEPT) ?? '';
}
