import { filterValueFromText, parseQuery, type Query } from '@tallystick/core/query'
import type { AlertRule } from '../state/alert.ts'
import type { Measured } from './kind.ts'
import { settingsOf } from './settings.ts'

/** Most subjects of one rule. Names come from outside: whoever sends thousands of providers causes no thousand alerts. */
export const MAX_SUBJECTS = 100
/** Names that a title can bear. */
const MAX_NAMES = 3

/**
 * What a rule asks the store about `[toMs - window, toMs)`, or with `daysBack` about the same time of an earlier day; undefined
 * for a kind that asks nothing of it.
 *
 * @throws TallystickError `invalid_query`, `unknown_dimension` for filters that no store could answer
 */
export function questionOf(rule: AlertRule, toMs: number, daysBack = 0): Query | undefined {
  const { spec, windowMs } = settingsOf(rule)
  const asked = ASKED[spec.measured.of](spec.measured as never)
  if (asked === undefined) return undefined
  const to = toMs - daysBack * 86_400_000
  const filters: [string, unknown][] = Object.entries(rule.filters ?? {}).map(([name, values]) => [
    name,
    values.map((text) => filterValueFromText(name, text)),
  ])
  // Last: whatever the rule says, it looks at its tenant only.
  if (rule.tenantId !== undefined) filters.push(['tenant_id', [rule.tenantId]])
  return parseQuery(
    { from: Math.max(0, to - windowMs), to, ...asked, filters: Object.fromEntries(filters) },
    { nowMs: toMs },
  )
}

type Asked = {
  readonly measures: readonly string[]
  readonly group_by?: readonly string[]
  readonly order_by?: string
  readonly limit?: number
}

const ASKED: { readonly [O in Measured['of']]: (measured: Extract<Measured, { of: O }>) => Asked | undefined } = {
  figure: ({ measure, named }) => ({
    measures: [...new Set(['requests', measure])],
    ...(named === undefined ? {} : { group_by: [named], order_by: `-${measure}`, limit: MAX_NAMES }),
  }),
  share: ({ part, whole, by }) => ({
    measures: [...new Set(['requests', part, whole])],
    ...(by === undefined ? {} : { group_by: [by], order_by: '-requests', limit: MAX_SUBJECTS }),
  }),
  growth: ({ measure }) => ({ measures: [...new Set(['requests', measure])] }),
  sources: () => undefined,
  crossings: () => undefined,
}
