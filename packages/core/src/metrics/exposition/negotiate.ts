import type { ExpositionFormat } from './write.ts'

interface Range {
  readonly type: string
  readonly version: string | undefined
  readonly quality: number
}

/**
 * The format to answer with, by the `Accept` header. Text 0.0.4 unless OpenMetrics 1.0 is asked for by its name and is at
 * least as welcome; also when neither is acceptable, since a scrape that can be read is worth more than a refusal.
 *
 * @example negotiateFormat('application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5') // 'openmetrics'
 */
export function negotiateFormat(accept: string | null | undefined): ExpositionFormat {
  const ranges = (accept ?? '').split(',').map(rangeOf)
  const openMetrics = ranges
    .filter(({ type, version }) => type === 'application/openmetrics-text' && (version ?? '1.0.0') === '1.0.0')
    .reduce((best, { quality }) => Math.max(best, quality), 0)
  return openMetrics > 0 && openMetrics >= qualityOfText(ranges) ? 'openmetrics' : 'text'
}

/** The most exact range decides, not the most welcome one. */
function qualityOfText(ranges: readonly Range[]): number {
  for (const name of ['text/plain', 'text/*', '*/*']) {
    const matching = ranges.filter(({ type, version }) => type === name && (version ?? '0.0.4') === '0.0.4')
    if (matching.length > 0) return Math.max(...matching.map(({ quality }) => quality))
  }
  return 0
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  let version: string | undefined
  let quality = 1
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=').map((part) => part.trim())
    if (name === 'version') version = value.replaceAll('"', '')
    if (name === 'q') quality = qualityOf(value)
  }
  return { type, version, quality }
}

/** 0 to 1; what cannot be read is taken for no wish at all. */
function qualityOf(text: string): number {
  const quality = Number(text)
  return text !== '' && quality >= 0 && quality <= 1 ? quality : 0
}
