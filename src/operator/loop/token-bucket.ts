/** So many at once, so many a minute over time. */
export interface Allowance {
  readonly burst: number;
  readonly perMinute: number;
}

export interface Bucket {
  tokens: number;
  atMs: number;
}

/** Takes one, if there is one. */
export function spend(bucket: Bucket, { burst, perMinute }: Allowance, nowMs: number): boolean {
  bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 60_000) * perMinute);
  bucket.atMs = nowMs;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
