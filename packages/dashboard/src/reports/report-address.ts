import type { Range } from '../lib/range.ts'
import type { ViewFilter } from '../lib/url-state.ts'

export const FORMATS = [
  { format: 'html', label: 'HTML' },
  { format: 'pdf', label: 'PDF' },
  { format: 'markdown', label: 'Markdown' },
  { format: 'json', label: 'JSON' },
] as const
export type Format = (typeof FORMATS)[number]['format']

/** What a report is asked with. */
export interface ReportView {
  readonly range: Range
  /** What the range comes to now. */
  readonly span: { readonly fromMs: number; readonly toMs: number }
  readonly zone: string
  readonly filters: readonly ViewFilter[]
}

/**
 * The address of a report of what the page shows.
 *
 * @example reportAddress({ range: { preset: '7d' }, span, zone: 'UTC', filters: [] }, 'pdf')
 * // '/api/v1/report?range=7d&time_zone=UTC&format=pdf'
 */
export function reportAddress({ range, span, zone, filters }: ReportView, format: Format, inline = false): string {
  const search = new URLSearchParams()
  if ('preset' in range && range.preset !== 'all') search.set('range', range.preset)
  else {
    search.set('from', String(span.fromMs))
    search.set('to', String(span.toMs))
  }
  search.set('time_zone', zone)
  search.set('format', format)
  if (inline) search.set('inline', 'true')
  for (const { name, values, negate } of filters)
    for (const value of values) search.append(negate ? `${name}!` : name, value === null ? '' : String(value))
  return `/api/v1/report?${search}`
}

/** The filters as a schedule keeps them. */
export function filtersOf(filters: readonly ViewFilter[]): object | null {
  if (filters.length === 0) return null
  return Object.fromEntries(filters.map(({ name, values, negate }) => [name, negate ? { not: values } : values]))
}
