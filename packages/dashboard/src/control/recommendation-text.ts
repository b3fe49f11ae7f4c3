import { money, toExact } from '../lib/format.ts'
import { DEFAULT_VIEW, encodeView } from '../lib/url-state.ts'
import { encodeTarget } from '../what-if/answer.ts'

/** A recommendation as `GET /api/v1/recommendations` tells it. */
export interface RecommendationRow {
  readonly id: string
  readonly kind: 'saving' | 'backend'
  readonly rule: string
  readonly severity: 'critical' | 'warning' | 'info'
  readonly subject: { readonly [dimension: string]: string | null }
  readonly advice: string
  readonly evidence: string
  readonly saving_nano_usd: number | string | null
  readonly saving_nano_usd_30_days: number | string | null
  readonly bound: 'exact' | 'at_most' | 'at_least' | 'about'
  readonly confidence: 'high' | 'medium' | 'low'
  readonly assumptions: readonly string[]
  readonly query: { readonly from: number; readonly to: number }
  readonly instead?: { readonly provider: string | null; readonly model: string } | null
  readonly dismissed: { readonly at_ms: number; readonly actor: string; readonly reason: string | null } | null
}

export interface RecommendationsAnswer {
  readonly from_ms: number
  readonly to_ms: number
  readonly dismissed: number
  readonly recommendations: readonly RecommendationRow[]
}

const BOUNDS: { readonly [Bound in RecommendationRow['bound']]: string } = {
  exact: '',
  about: 'about ',
  at_most: 'up to ',
  at_least: 'at least ',
}

/** @example savingText(row) // 'up to $12.48' */
export function savingText({ bound, saving_nano_usd_30_days: saving }: RecommendationRow): string | null {
  const amount = saving === null ? null : toExact(saving)
  return amount === null ? null : `${BOUNDS[bound]}${money(amount)}`
}

/** The Overview with the range and the subject of the evidence. */
export function evidenceLink({ subject, query }: RecommendationRow): string {
  const filters = Object.entries(subject).map(([name, value]) => ({ name, values: [value], negate: false }))
  return `/?${encodeView({ ...DEFAULT_VIEW, range: { fromMs: query.from, toMs: query.to }, filters })}`
}

/** The comparison with the model that is to be asked instead; null where none is. */
export function whatIfLink({ subject, query, instead }: RecommendationRow): string | null {
  if (instead == null) return null
  const filters = Object.entries(subject).map(([name, value]) => ({ name, values: [value], negate: false }))
  const page = new Map([['on', encodeTarget(instead)]])
  return `/what-if?${encodeView({ ...DEFAULT_VIEW, range: { fromMs: query.from, toMs: query.to }, filters, page })}`
}

const RULES: ReadonlyMap<string, string> = new Map([
  ['paid_failures', 'Paid failures'],
  ['paid_retries', 'Paid retries'],
  ['unused_cache', 'Unused cache'],
  ['batch_tier', 'Batch price'],
  ['cheaper_model', 'Cheaper model'],
  ['dearer_provider', 'Dearer provider'],
  ['long_context', 'Long context'],
  ['agent_spike', 'Spike'],
  ['idle_key', 'Idle key'],
  ['backend_reliability', 'Reliability'],
  ['backend_performance', 'Speed'],
  ['routing_confidence', 'Routing'],
])

/** @example ruleLabel('unused_cache') // 'Unused cache' */
export const ruleLabel = (rule: string): string => RULES.get(rule) ?? rule.replaceAll('_', ' ')

/** One sentence for whoever looks at nothing else. */
export function summaryOf(rows: readonly RecommendationRow[]): string {
  const trouble = rows.filter(({ severity }) => severity !== 'info').length
  const savings = rows.filter((row) => row.kind === 'saving' && row.saving_nano_usd_30_days !== null)
  const greatest = savings[0] === undefined ? null : savingText(savings[0])
  const parts = [
    ...(trouble === 0 ? [] : [`${trouble} ${trouble === 1 ? 'backend needs' : 'backends need'} a look`]),
    ...(greatest === null
      ? []
      : [
          `${savings.length} ${savings.length === 1 ? 'way' : 'ways'} to spend less, the greatest worth ${greatest} in 30 days`,
        ]),
  ]
  return parts.length === 0 ? 'Nothing to change, as far as the figures tell.' : `${parts.join('; ')}.`
}
