/** A selector of series: a name and what its labels must be. */
export interface Selector {
  readonly name: string
  /** Each as it stands between the braces. */
  readonly matchers: readonly string[]
}

export const selectorText = ({ name, matchers }: Selector): string =>
  matchers.length === 0 ? name : `${name}{${matchers.join(',')}}`

/** Text between double quotes, as Go reads it. */
const quoted = (text: string): string => JSON.stringify(text)

/** RE2 reads these as they stand only behind a backslash. */
const literal = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')

/** @example matcher('provider', ['openai', 'x.ai']) // 'provider=~"openai|x\\\\.ai"' */
export function matcher(label: string, values: readonly string[]): string {
  const [only] = values
  return values.length === 1 && only !== undefined
    ? `${label}=${quoted(only)}`
    : `${label}=~${quoted(values.map(literal).join('|'))}`
}

const STEPS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
]

/** @example duration(5_400_000) // '90m' */
export function duration(ms: number): string {
  for (const [step, unit] of STEPS) if (ms >= step && ms % step === 0) return `${ms / step}${unit}`
  return `${ms}ms`
}

/**
 * How much a counter has risen within a window. A series that is new within it counts with all that it has: `increase` alone
 * takes the first value that it sees for where the counter began, and the only request of a model would never count. That a series is new
 * is known only where its target was scraped at the beginning of the window.
 */
export function risen(selector: Selector, window: string): string {
  const series = selectorText(selector)
  return [
    `((${series} unless ${series} offset ${window}) and on (job, instance) (up offset ${window} == 1))`,
    `or increase(${series}[${window}])`,
  ].join(' ')
}
