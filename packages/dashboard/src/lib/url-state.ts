import { DIMENSION_OF, type Dimension } from '@tallystick/core/event'
import { type FilterValue, type Interval, isTimeZone } from '@tallystick/core/query'
import { INTERVALS, PRESETS, type Range } from './range.ts'

/** What the page shows, as it stands in the address: a link shows another person the same figures. */
export interface ViewState {
  readonly range: Range
  /** IANA name; null is the browser's own zone. */
  readonly zone: string | null
  /** null: chosen by the length of the range. */
  readonly interval: Interval | null
  /** The dimension that spend is stacked by and the breakdown lists. */
  readonly by: string
  /** Measure that the breakdown is sorted by, with `-` for greatest first. */
  readonly sort: string
  readonly filters: readonly ViewFilter[]
  /** Is the latency axis logarithmic? */
  readonly log: boolean
  /** What belongs to one page alone, by its name in the address. */
  readonly page: ReadonlyMap<string, string>
}

/** Keeps (or with `negate` drops) events whose dimension has one of the values; `null` means absent. */
export interface ViewFilter {
  readonly name: string
  readonly values: readonly FilterValue[]
  readonly negate: boolean
}

export const DEFAULT_VIEW: ViewState = {
  range: { preset: '24h' },
  zone: null,
  interval: null,
  by: 'model',
  sort: '-cost_nano_usd',
  filters: [],
  log: false,
  page: new Map(),
}

const ONLY = 'is.'
const NOT = 'not.'
/** What the address of every page may say; `docs/dashboard.md` tells what each means. */
export const PARAMETERS: readonly string[] = ['range', 'from', 'to', 'zone', 'interval', 'by', 'sort', 'log']
const COMMON: ReadonlySet<string> = new Set(PARAMETERS)
const PAGE_PARAMETER = /^[a-z][a-z0-9_]{0,31}$/
const GREATEST_INSTANT = 8_640_000_000_000_000

/**
 * @example encodeView({ ...DEFAULT_VIEW, range: { preset: '7d' }, filters: [{ name: 'model', values: ['gpt-4o'], negate: false }] })
 * // 'range=7d&is.model=gpt-4o'
 */
export function encodeView(view: ViewState): string {
  const params = new URLSearchParams()
  if ('fromMs' in view.range) {
    params.set('from', String(view.range.fromMs))
    params.set('to', String(view.range.toMs))
  } else if (view.range.preset !== '24h') params.set('range', view.range.preset)
  if (view.zone !== null) params.set('zone', view.zone)
  if (view.interval !== null) params.set('interval', view.interval)
  if (view.by !== DEFAULT_VIEW.by) params.set('by', view.by)
  if (view.sort !== DEFAULT_VIEW.sort) params.set('sort', view.sort)
  if (view.log) params.set('log', '1')
  for (const { name, values, negate } of view.filters) {
    for (const value of values) params.append(`${negate ? NOT : ONLY}${name}`, value === null ? '' : String(value))
  }
  for (const [name, text] of view.page) params.set(name, text)
  return params.toString()
}

/** Reads an address. What cannot be read falls back to the default: an old or mangled link still opens the page. */
export function decodeView(search: string): ViewState {
  const params = new URLSearchParams(search)
  const interval = params.get('interval')
  const zone = params.get('zone')
  const by = params.get('by')
  const sort = params.get('sort')
  return {
    range: decodeRange(params),
    zone: zone !== null && isTimeZone(zone) ? zone : null,
    interval: INTERVALS.find((entry) => entry.interval === interval)?.interval ?? null,
    by: by !== null && isDimension(by) ? by : DEFAULT_VIEW.by,
    sort: sort !== null && /^-?[a-z0-9_]{1,64}$/.test(sort) ? sort : DEFAULT_VIEW.sort,
    filters: decodeFilters(params),
    log: params.get('log') === '1',
    page: new Map([...params].filter(([name]) => !COMMON.has(name) && PAGE_PARAMETER.test(name))),
  }
}

/**
 * What a view keeps on the way to another page: the stretch of time and the filters, which mean the same everywhere.
 *
 * @example encodeView(carried({ ...DEFAULT_VIEW, range: { preset: '7d' }, sort: 'requests' })) // 'range=7d'
 */
export function carried({ range, zone, interval, filters }: ViewState): ViewState {
  return { ...DEFAULT_VIEW, range, zone, interval, filters }
}

/** Instants may be ms or RFC 3339: people and the importer write either. */
function decodeRange(params: URLSearchParams): Range {
  const from = decodeInstant(params.get('from'))
  const to = decodeInstant(params.get('to'))
  if (from !== null && to !== null && from < to) return { fromMs: from, toMs: to }
  const preset = PRESETS.find((entry) => entry.preset === params.get('range'))?.preset
  return preset ? { preset } : DEFAULT_VIEW.range
}

function decodeInstant(text: string | null): number | null {
  if (text === null || text === '') return null
  const ms = /^\d{1,16}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
  return ms >= 0 && ms <= GREATEST_INSTANT ? ms : null
}

function decodeFilters(params: URLSearchParams): readonly ViewFilter[] {
  const filters = new Map<string, { readonly negate: boolean; readonly values: Set<FilterValue> }>()
  for (const [key, text] of params) {
    const negate = key.startsWith(NOT)
    if (!negate && !key.startsWith(ONLY)) continue
    const name = key.slice(negate ? NOT.length : ONLY.length)
    const value = isDimension(name) ? decodeValue(name, text) : undefined
    if (value === undefined) continue
    const known = filters.get(name)
    if (!known) filters.set(name, { negate, values: new Set([value]) })
    // A query holds one condition a dimension; the first kind met decides.
    else if (known.negate === negate) known.values.add(value)
  }
  return [...filters].map(([name, { negate, values }]) => ({ name, values: [...values], negate }))
}

/** A value of a dimension from its text; undefined when it cannot be one. */
export function decodeValue(name: string, text: string): FilterValue | undefined {
  if (text === '') return null
  const type: Dimension['type'] = DIMENSION_OF.get(name)?.type ?? 'string'
  if (type === 'string') return text
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** A dimension of the table by its own name, or a tag. */
export function isDimension(name: string): boolean {
  return DIMENSION_OF.get(name)?.name === name || (name.startsWith('tags.') && name.length > 5)
}

/** The view with one more condition: the value is added to the dimension's filter, or starts it. */
export function withFilter(view: ViewState, name: string, value: FilterValue, negate = false): ViewState {
  const known = view.filters.find((filter) => filter.name === name)
  const values = known && known.negate === negate ? [...new Set([...known.values, value])] : [value]
  const filter: ViewFilter = { name, values, negate }
  return {
    ...view,
    filters: known ? view.filters.map((entry) => (entry === known ? filter : entry)) : [...view.filters, filter],
  }
}

/** The view without the filter on a dimension, or without one of its values. */
export function withoutFilter(view: ViewState, name: string, value?: FilterValue): ViewState {
  return {
    ...view,
    filters: view.filters.flatMap((filter) => {
      if (filter.name !== name) return [filter]
      const values = value === undefined ? [] : filter.values.filter((entry) => entry !== value)
      return values.length > 0 ? [{ ...filter, values }] : []
    }),
  }
}
