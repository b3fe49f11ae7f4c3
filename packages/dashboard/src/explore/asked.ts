import { MEASURE_OF } from '@tallystick/core/query'
import { isAdditive } from '../lib/amounts.ts'
import { isDimension, type ViewState } from '../lib/url-state.ts'

/** What the page Explore keeps in the address beside what all pages do. `docs/dashboard.md` has the same table. */
export const EXPLORE_PARAMETERS: readonly { readonly name: string; readonly means: string }[] = [
  { name: 'measures', means: 'the columns: names of measures with commas' },
  { name: 'by2', means: 'the second dimension' },
  { name: 'whole', means: '`1`: not split at all' },
  { name: 'compare', means: '`1`: beside the equally long period before' },
  { name: 'chart', means: '`stack`, `lines` or `none`' },
  { name: 'charted', means: 'the measure of the chart, where it is not the first' },
  { name: 'rows', means: '`steps`: a row for each step of time' },
  { name: 'limit', means: 'how many groups are listed; the rest is one row' },
]

export const DEFAULT_MEASURES: readonly string[] = [
  'cost_nano_usd',
  'requests',
  'total_tokens',
  'error_ratio',
  'duration_ms_p95',
]
export const LIMITS: readonly number[] = [20, 100, 500, 1_000, 10_000]
const DEFAULT_LIMIT = 100
/** More columns than this are no table to read. */
export const MOST_MEASURES = 12

export type ChartKind = 'stack' | 'lines' | 'none'

/** What is asked on the page Explore, as its address says it. */
export interface Asked {
  readonly measures: readonly string[]
  /** None, one or two dimensions. */
  readonly by: readonly string[]
  readonly compare: boolean
  readonly chart: ChartKind
  readonly charted: string
  /** A row for each step of time and group. */
  readonly steps: boolean
  readonly limit: number
  readonly sort: Sort
}

/** `column` is a measure, `change_<measure>`, `by`, `by2` or `time`. */
export interface Sort {
  readonly column: string
  readonly down: boolean
}

const CHANGE = 'change_'

/** @example changeColumn('requests') // 'change_requests' */
export const changeColumn = (measure: string): string => `${CHANGE}${measure}`

/** Reads the address; what is not understood falls back to the default, as everywhere. */
export function askedOf(state: ViewState): Asked {
  const page = state.page
  const named = (page.get('measures') ?? '').split(',').filter((name) => MEASURE_OF.has(name))
  const measures = named.length > 0 ? [...new Set(named)].slice(0, MOST_MEASURES) : DEFAULT_MEASURES
  const then = page.get('by2')
  const second = then !== undefined && isDimension(then) && then !== state.by ? [then] : []
  const by = page.get('whole') === '1' ? [] : [state.by, ...second]
  const compare = page.get('compare') === '1'
  const charted = page.get('charted') ?? ''
  const figure = measures.includes(charted) ? charted : (measures[0] as string)
  const kind = page.get('chart')
  const additive = isAdditive(figure)
  const steps = page.get('rows') === 'steps'
  return {
    measures,
    by,
    compare,
    // What does not add up cannot be stacked.
    chart: kind === 'none' ? 'none' : kind === 'lines' || !additive ? 'lines' : 'stack',
    charted: figure,
    steps,
    limit: LIMITS.find((limit) => String(limit) === page.get('limit')) ?? DEFAULT_LIMIT,
    sort: sortOf(state.sort, { measures, by, compare, steps }),
  }
}

function sortOf(
  text: string,
  { measures, by, compare, steps }: Pick<Asked, 'measures' | 'by' | 'compare' | 'steps'>,
): Sort {
  const down = text.startsWith('-')
  const column = down ? text.slice(1) : text
  const known =
    measures.includes(column) ||
    (column === 'by' && by.length > 0) ||
    (column === 'by2' && by.length > 1) ||
    (column === 'time' && steps) ||
    (compare && column.startsWith(CHANGE) && measures.includes(column.slice(CHANGE.length)))
  return known ? { column, down } : { column: steps ? 'time' : (measures[0] as string), down: true }
}

/** What the server is to rank groups by: which of them are listed depends on it. */
export function rankOf({ sort, measures }: Pick<Asked, 'sort' | 'measures'>): string {
  return measures.includes(sort.column) ? `${sort.down ? '-' : ''}${sort.column}` : `-${measures[0]}`
}
