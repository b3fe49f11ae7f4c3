import { Figures } from './figures.ts'
import { type MetricSettings, OTHER_LINES } from './server-metrics.ts'

/** What is told to Prometheus, and where. */
export interface MetricsOptions extends MetricSettings {
  /** Series of one scrape at most; 2,000 when absent. */
  readonly maxSeries?: number
  /** A further address that answers `/metrics` alone, without a key. */
  readonly listen?: { readonly host: string; readonly port: number }
}

const MAX_SERIES = 2_000
/** A registry is of no use with less. */
const LEAST_FIGURES = 200

/** Room for the figures is what the rest of a scrape leaves. */
export function figuresOf({ names = 'seed', maxSeries = MAX_SERIES, listen }: MetricsOptions = {}): Figures {
  return new Figures({
    maxSeries: Math.max(LEAST_FIGURES, maxSeries - OTHER_LINES),
    names: names === 'both' ? 'both' : 'either',
    ofNobody: listen !== undefined,
  })
}
