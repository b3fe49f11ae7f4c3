/** What a series may be, as Prometheus names it. */
export type MetricType = 'counter' | 'gauge' | 'histogram'

/** Which names are shown: those of the system replaced, the usual ones, the gateway's, or those of our own operation. */
export type MetricSet = 'seed' | 'conventional' | 'routiium' | 'operation'

/** One family of series, as `# HELP` and `# TYPE` tell it. */
export interface MetricFamily {
  /** As in the text format, `_total` included. */
  readonly name: string
  readonly type: MetricType
  readonly help: string
  /** Names of labels in the order in which they are written. A series may leave out those that it has no value for. */
  readonly labels: readonly string[]
  /** Of a histogram: upper bounds, ascending, without `+Inf`. */
  readonly buckets?: readonly number[]
  /** OpenMetrics' unit: the name, or the name without `_total`, ends in it. */
  readonly unit?: 'seconds' | 'bytes' | 'ratio'
  readonly set: MetricSet
}
