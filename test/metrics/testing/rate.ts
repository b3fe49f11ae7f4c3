/** A sample as Prometheus stores it. */
export type RawSample = readonly [seconds: number, value: string]

/**
 * What `rate` makes of a counter's samples in the range that ends at `atSeconds`: the increase between the first and the last, extended
 * to the ends of the range where they are near enough, and to where the counter was 0 at most.
 *
 * Source: extrapolatedRate in promql/functions.go of Prometheus 2.
 *
 * @param samples of that range, without a reset
 */
export function rateOf(samples: readonly RawSample[], rangeSeconds: number, atSeconds: number): number {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || samples.length < 2) throw new Error('too few samples for a rate')
  // Whole milliseconds: differences of seconds since 1970 have lost what matters here.
  const ms = (seconds: number): number => Math.round(seconds * 1000)
  const increase = Number(last[1]) - Number(first[1])
  const sampled = ms(last[0]) - ms(first[0])
  const between = sampled / (samples.length - 1)
  let toStart = ms(first[0]) - (ms(atSeconds) - ms(rangeSeconds))
  const toEnd = ms(atSeconds) - ms(last[0])
  if (increase > 0) toStart = Math.min(toStart, sampled * (Number(first[1]) / increase))
  const near = between * 1.1
  const extended = sampled + (toStart < near ? toStart : between / 2) + (toEnd < near ? toEnd : between / 2)
  return (increase * extended) / sampled / rangeSeconds
}
