import type { MetricFamily } from '../family.ts'
import type { Exemplar, FamilySamples, HistogramSample, Labels, Sample } from '../samples.ts'
import { writeNumber } from './number.ts'

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0.0. */
export type ExpositionFormat = 'text' | 'openmetrics'

/** What a scrape is answered with, by format. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/**
 * Families as a scrape reads them. Families stand in the order in which they come, series in the order of their labels'
 * values, so that two scrapes of the same figures are the same text. A name must come once.
 *
 * Sources: https://prometheus.io/docs/instrumenting/exposition_formats/,
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function writeExposition(families: Iterable<FamilySamples>, format: ExpositionFormat): string {
  const lines: string[] = []
  for (const { family, samples, per = 1 } of families) {
    writeHead(lines, family, format)
    for (const sample of sorted(family, samples)) {
      if ('counts' in sample) writeHistogram(lines, family, sample, per, format)
      else writeValue(lines, family, sample, per, format)
    }
  }
  if (format === 'openmetrics') lines.push('# EOF')
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function writeHead(lines: string[], family: MetricFamily, format: ExpositionFormat): void {
  const { name, type, help, unit } = family
  const openMetrics = format === 'openmetrics'
  // There the family of a counter is called without the suffix of its samples.
  const title = openMetrics && type === 'counter' ? name.replace(/_total$/, '') : name
  lines.push(`# HELP ${title} ${openMetrics ? escaped(help) : help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`)
  lines.push(`# TYPE ${title} ${type}`)
  if (openMetrics && unit !== undefined) lines.push(`# UNIT ${title} ${unit}`)
}

function writeValue(
  lines: string[],
  { name, type, labels }: MetricFamily,
  sample: Exclude<Sample, HistogramSample>,
  per: number,
  format: ExpositionFormat,
): void {
  const text = labelText(labels, sample.labels)
  const exemplar = format === 'openmetrics' && type === 'counter' ? exemplarText(sample.exemplar, per) : ''
  lines.push(`${name}${text === '' ? '' : `{${text}}`} ${writeNumber(sample.value, per)}${exemplar}`)
}

function writeHistogram(
  lines: string[],
  { name, labels, buckets = [] }: MetricFamily,
  { labels: values, counts, sum, exemplars }: HistogramSample,
  per: number,
  format: ExpositionFormat,
): void {
  const text = labelText(labels, values)
  const before = text === '' ? '' : `${text},`
  let count = 0
  for (let bucket = 0; bucket <= buckets.length; bucket++) {
    count += counts[bucket] ?? 0
    const exemplar = format === 'openmetrics' ? exemplarText(exemplars?.[bucket], per) : ''
    lines.push(`${name}_bucket{${before}le="${boundText(buckets[bucket], format)}"} ${count}${exemplar}`)
  }
  const own = text === '' ? '' : `{${text}}`
  lines.push(`${name}_sum${own} ${writeNumber(sum, per)}`, `${name}_count${own} ${count}`)
}

/** OpenMetrics writes whole bounds with a point, and so does every Prometheus from version 3, whatever it reads. */
function boundText(bound: number | undefined, format: ExpositionFormat): string {
  if (bound === undefined) return '+Inf'
  return format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

function labelText(names: readonly string[], values: Labels): string {
  let text = ''
  for (const name of names) {
    const value = values[name]
    if (value !== undefined) text += `${text === '' ? '' : ','}${name}="${escaped(value)}"`
  }
  return text
}

function exemplarText(exemplar: Exemplar | undefined, per: number): string {
  if (exemplar === undefined) return ''
  const { traceId, value, timestampMs } = exemplar
  return ` # {trace_id="${escaped(traceId)}"} ${writeNumber(value, per)} ${timestampMs / 1000}`
}

function escaped(text: string): string {
  return /["\\\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text
}

function sorted({ labels }: MetricFamily, samples: readonly Sample[]): readonly Sample[] {
  if (samples.length < 2) return samples
  return [...samples].sort((a, b) => {
    for (const name of labels) {
      const one = a.labels[name] ?? ''
      const other = b.labels[name] ?? ''
      if (one !== other) return one < other ? -1 : 1
    }
    return 0
  })
}
