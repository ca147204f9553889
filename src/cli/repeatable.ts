/** Of a flag that may be given several times, each with one value: one that takes all words up to the next flag would take the arguments, too. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
