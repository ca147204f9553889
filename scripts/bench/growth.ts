/** One look at the operator, at a minute of the soak. */
export interface Sample {
  readonly minute: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly sockets: number;
  readonly timers: number;
}

/** By how much a value grew in an hour: the slope of the straight line that fits best. A leak is steady, noise is not. */
export function perHour(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const count = samples.length;
  const meanX = samples.reduce((sum, { minute }) => sum + minute, 0) / count;
  const meanY = samples.reduce((sum, sample) => sum + value(sample), 0) / count;
  const spread = samples.reduce((sum, { minute }) => sum + (minute - meanX) ** 2, 0);
  const together = samples.reduce((sum, sample) => sum + (sample.minute - meanX) * (value(sample) - meanY), 0);
  return spread === 0 ? Number.NaN : (together / spread) * 60;
}

/** Without the first quarter, in which the heap finds its size. */
export function settled(samples: readonly Sample[]): readonly Sample[] {
  return samples.slice(Math.floor(samples.length / 4));
}
