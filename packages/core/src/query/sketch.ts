/**
 * A log-linear sketch of non-negative integers: counts per bucket, integers only, mergeable by adding the counts.
 *
 * Layout (as in HdrHistogram, with 64 buckets to each power of two). Values below 128 have a bucket each. A greater value
 * keeps its top seven bits: with `e = floor(log2 v)` and `s = e - 6` its bucket is
 *
 *     index = s * 64 + floor(v / 2^s)          the last term is 64 to 127
 *     holds   [m * 2^s, (m + 1) * 2^s - 1]     where m = floor(v / 2^s)
 *
 *     v       0   1  ...  127 | 128 129 | 130 131 | ... | 254 255 | 256 ... 259 | 260 ... 263 | ...
 *     index   0   1  ...  127 |   128   |   129   | ... |   191   |     192     |     193     | ...   up to 3071
 *
 * A bucket is reported as its middle, `lower + floor((width - 1) / 2)`. That is at most half a width from any value in it
 * and the lower bound is at least 64 widths, so the relative error is at most 1/128 (0.79 %); below 128 there is none.
 *
 * The rule of ranks is the nearest rank, so a quantile is (the bucket of) a value that occurred, never an interpolation.
 * Every engine counts the same buckets and reads them with {@link quantile}; none uses a quantile function of its own.
 *
 * Reference: http://hdrhistogram.org (G. Tene), the paragraph on the internal layout of its counts array.
 */

/**
 * Bucket counts, by rising index without gaps in the arrays: of both, the first `size` members count. Ten bytes a bucket
 * that occurred, so that hundreds of thousands of small sketches fit beside each other, and quantiles need no sorting.
 * Made by {@link emptySketch}; changed only by the functions of this file.
 */
export interface Sketch {
  indices: Uint16Array
  counts: Float64Array
  size: number
}

/** One more than the index of the greatest safe integer. */
export const SKETCH_BUCKETS = 3072

const LINEAR_LIMIT = 128
const TWO_TO_32 = 2 ** 32

/**
 * The bucket of a value. `value` is an integer up to 2^53 - 1; a negative one (no door lets it in) counts as 0.
 *
 * @example sketchIndex(127) // 127
 * @example sketchIndex(1469) // 347
 * @example sketchBounds(347) // { lower: 1456, upper: 1471 }
 */
export function sketchIndex(value: number): number {
  if (value < LINEAR_LIMIT) return Math.max(value, 0)
  // Bit operators see 32 bits only, so the exponent is read from the half that holds the top bit.
  const exponent = value < TWO_TO_32 ? 31 - Math.clz32(value) : 63 - Math.clz32(value / TWO_TO_32)
  const shift = exponent - 6
  return shift * 64 + Math.floor(value / 2 ** shift)
}

/** Least and greatest value of a bucket. */
export function sketchBounds(index: number): { readonly lower: number; readonly upper: number } {
  if (index < LINEAR_LIMIT) return { lower: index, upper: index }
  const shift = Math.floor(index / 64) - 1
  const width = 2 ** shift
  const lower = (index - shift * 64) * width
  return { lower, upper: lower + (width - 1) }
}

/**
 * The value that stands for a bucket.
 *
 * @example sketchValue(347) // 1463
 */
export function sketchValue(index: number): number {
  const { lower, upper } = sketchBounds(index)
  return lower + Math.floor((upper - lower) / 2)
}

const NO_INDICES = new Uint16Array(0)
const NO_COUNTS = new Float64Array(0)

/** The sketch of no values. */
export function emptySketch(): Sketch {
  return { indices: NO_INDICES, counts: NO_COUNTS, size: 0 }
}

/** Counts one value, in place. */
export function addToSketch(sketch: Sketch, value: number): void {
  const index = sketchIndex(value)
  addAt(sketch, placeOf(sketch, index, 0, sketch.size), index, 1)
}

/**
 * Adds a count to each of the first `size` of `indices`, in place. Quick when they rise, as those of a sketch do; any order
 * gives the same sketch.
 *
 * @param indices integers from 0 to {@link SKETCH_BUCKETS} - 1
 */
export function addCounts(
  sketch: Sketch,
  indices: ArrayLike<number>,
  counts: ArrayLike<number>,
  size: number = indices.length,
): void {
  let place = 0
  for (let at = 0; at < size; at++) {
    const index = indices[at] as number
    if (place > 0 && (sketch.indices[place - 1] as number) >= index) place = placeOf(sketch, index, 0, place)
    while (place < sketch.size && (sketch.indices[place] as number) < index) place++
    addAt(sketch, place, index, counts[at] as number)
  }
}

/** Adds the counts of `from` to `into`. */
export function mergeSketch(into: Sketch, from: Sketch): void {
  addCounts(into, from.indices, from.counts, from.size)
}

/** `[index, count, index, count, ...]` by rising index; equal for equal sketches. */
export function sketchPairs({ counts, indices, size }: Sketch): number[] {
  const pairs: number[] = []
  for (let at = 0; at < size; at++) pairs.push(indices[at] as number, counts[at] as number)
  return pairs
}

/** The first place from `low` up to `high` whose index is not below `index`. */
function placeOf({ indices }: Sketch, index: number, low: number, high: number): number {
  while (low < high) {
    const middle = (low + high) >> 1
    if ((indices[middle] as number) < index) low = middle + 1
    else high = middle
  }
  return low
}

/** Adds at the place where `index` stands or belongs. */
function addAt(sketch: Sketch, place: number, index: number, count: number): void {
  const { size } = sketch
  if (place < size && sketch.indices[place] === index) {
    sketch.counts[place] = (sketch.counts[place] as number) + count
    return
  }
  if (size === sketch.indices.length) grow(sketch)
  sketch.indices.copyWithin(place + 1, place, size)
  sketch.counts.copyWithin(place + 1, place, size)
  sketch.indices[place] = index
  sketch.counts[place] = count
  sketch.size = size + 1
}

function grow(sketch: Sketch): void {
  const capacity = Math.max(4, sketch.size * 2)
  const indices = new Uint16Array(capacity)
  const counts = new Float64Array(capacity)
  indices.set(sketch.indices)
  counts.set(sketch.counts)
  sketch.indices = indices
  sketch.counts = counts
}

/**
 * The nearest rank of quantile `q` among `count` values: the least rank that at least `q` of them do not exceed.
 * `q` is read in ten-thousandths, so that 0.07 * 100 is 7 and not 8.
 *
 * @example quantileRank(0.95, 100) // 95
 * @example quantileRank(0.95, 101) // 96
 */
export function quantileRank(q: number, count: number): number {
  const share = Math.round(q * 10_000)
  const product = share * count
  if (!Number.isSafeInteger(product)) return Math.max(1, Number((BigInt(share) * BigInt(count) + 9_999n) / 10_000n))
  const rest = product % 10_000
  return Math.max(1, (product - rest) / 10_000 + (rest > 0 ? 1 : 0))
}

/**
 * The value at quantile `q` (0 to 1): the middle of the bucket that holds the nearest rank, not below `min` and not above
 * `max`, so that one value answers itself. Within 1/128 of the exact nearest-rank value.
 *
 * `count` is how many values the sketch holds, at least 1; `min` and `max` are exact.
 */
export function quantile(sketch: Sketch, count: number, q: number, min: number, max: number): number {
  const rank = quantileRank(q, count)
  let passed = 0
  for (let at = 0; at < sketch.size; at++) {
    passed += sketch.counts[at] as number
    if (passed >= rank) return Math.min(Math.max(sketchValue(sketch.indices[at] as number), min), max)
  }
  return max
}
