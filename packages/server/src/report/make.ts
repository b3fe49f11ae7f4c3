import type { Clock, UsageEvent } from '@tallystick/core/event'
import { buildReport, type Report, type ReportBudget, type ReportScan } from '@tallystick/core/insight'
import { type Filter, parseQuery, type QueryResult } from '@tallystick/core/query'
import type { Budgets } from '../budget/budgets.ts'
import { type Principal, seesAll } from '../identity/principal.ts'
import { scopedStore } from '../identity/scoped-store.ts'
import { seesBudget } from '../identity/sees-budget.ts'
import type { Ingest } from '../ingest/ingest.ts'
import type { Budget } from '../state/budget.ts'
import { dismissalId } from '../state/dismissal.ts'
import type { ControlState } from '../state/state.ts'
import type { ScanCursor, UsageStore } from '../store/store.ts'
import { type RecommendedContext, recommendedTo } from './recommended.ts'

/** What a report is asked with, everything decided. */
export interface ReportRequest {
  /** `[fromMs, toMs)` */
  readonly fromMs: number
  readonly toMs: number
  readonly timeZone: string
  /** How the range was named, where it was. */
  readonly range?: string
  readonly filters: readonly Filter[]
  /** Names in a list before the rest is one row; 10 when absent. */
  readonly top?: number
}

/** What reports are made of. */
export interface ReportParts {
  readonly store: UsageStore
  readonly state: Pick<ControlState, 'rows'>
  readonly budgets: Pick<Budgets, 'list' | 'figures'>
  readonly ingest: Pick<Ingest, 'gaps' | 'progress'>
  readonly prices: RecommendedContext['prices']
  readonly clock: Clock
}

/** Names in a list. */
export const DEFAULT_TOP = 10
/** One page of events that are read one by one. */
const PAGE = 10_000

/**
 * The report of what somebody may see.
 *
 * @param inTurn lets a question to the store wait for its turn
 * @throws TallystickError `query_cancelled`, `store_unavailable`, `overloaded`
 */
export async function makeReport(
  parts: ReportParts,
  principal: Principal,
  request: ReportRequest,
  signal: AbortSignal,
  inTurn: <T>(job: () => Promise<T>) => Promise<T> = (job) => job(),
): Promise<Report> {
  const { state, prices, ingest, clock } = parts
  const { fromMs, toMs, timeZone, filters, top = DEFAULT_TOP } = request
  const store = scopedStore(parts.store, principal)
  const nowMs = clock.now()

  const ask = (question: object): Promise<QueryResult> => {
    const parsed = parseQuery({ from: fromMs, to: toMs, time_zone: timeZone, ...question }, { nowMs })
    return inTurn(() => store.query({ ...parsed, filters: [...parsed.filters, ...filters] }, { signal }))
  }
  const scan = async (
    { filters: asked, fields, limit }: ReportScan,
    take: (event: UsageEvent) => void,
  ): Promise<boolean> => {
    const parsed = parseQuery({ from: fromMs, to: toMs, measures: ['events'], filters: asked }, { nowMs })
    let after: ScanCursor | undefined
    for (let left = limit; left > 0; left -= PAGE) {
      signal.throwIfAborted()
      const page = await inTurn(() =>
        store.scan({
          fromMs,
          toMs,
          filters: [...parsed.filters, ...filters],
          fields,
          limit: Math.min(PAGE, left),
          ascending: false,
          ...(after === undefined ? {} : { after }),
        }),
      )
      for (const { event } of page.events) take(event)
      if (page.next === undefined) return true
      after = page.next
    }
    return false
  }
  const found = await recommendedTo(principal, { ask, fromMs, toMs, prices, state })
  const dismissed = state.rows('dismissals')
  return buildReport({
    ask,
    scan,
    fromMs,
    toMs,
    timeZone,
    generatedMs: nowMs,
    range: request.range ?? null,
    filters,
    top,
    scope: {
      tenant_id: principal.tenantId ?? null,
      agent_ids: principal.agentIds === undefined ? null : [...principal.agentIds],
    },
    keyTitles: keyTitles(parts, principal),
    budgets: await budgetsOf(parts, principal),
    recommendations: found
      .filter(({ id }) => !dismissed.has(dismissalId(principal.tenantId, id)))
      .map(({ id, rule, severity, subject, advice, evidence, savingNanoUsd, bound, confidence, assumptions }) => ({
        id,
        rule,
        severity,
        subject,
        advice,
        evidence,
        saving_nano_usd: typeof savingNanoUsd === 'bigint' ? String(savingNanoUsd) : savingNanoUsd,
        bound,
        confidence,
        assumptions,
      })),
    completeness: { pending_events: pending(ingest, principal), sources: sourcesOf(ingest, principal) },
  })
}

/** Whoever sees some agents only is told no names of keys that others use. */
function keyTitles({ state }: ReportParts, { tenantId, agentIds }: Principal): ReadonlyMap<string, string> {
  if (agentIds !== undefined) return new Map()
  return new Map(
    [...state.rows('keys').values()]
      .filter((key) => tenantId === undefined || key.tenantId === tenantId)
      .map(({ id, name }) => [id, name]),
  )
}

async function budgetsOf({ budgets }: ReportParts, principal: Principal): Promise<readonly ReportBudget[]> {
  const visible = budgets.list(principal.tenantId).filter((budget) => seesBudget(budget, principal))
  const figures = await budgets.figures(visible)
  return visible.flatMap((budget, index): ReportBudget[] => {
    const known = figures[index]
    if (known === undefined) return []
    const { id, name, unit, amount } = budget
    return [
      {
        id,
        name,
        unit,
        amount,
        spent: String(known.spent),
        remaining: String(known.remaining),
        used_basis_points: Number(known.percentBp),
        status: known.status,
        window: windowText(budget),
        resets_ms: known.resetsMs ?? null,
        projected: known.projected === undefined ? null : String(known.projected),
      },
    ]
  })
}

function windowText({ window }: Budget): string {
  if (window.kind === 'total') return 'total'
  return window.kind === 'rolling'
    ? `last ${Math.round(window.ms / 3_600_000)} h`
    : `${window.kind}, ${window.timeZone}`
}

function pending(ingest: ReportParts['ingest'], principal: Principal): number | null {
  const { targetOrdinal, appliedOrdinal } = ingest.progress()
  return seesAll(principal) ? Math.max(0, targetOrdinal - appliedOrdinal) : null
}

function sourcesOf(
  ingest: ReportParts['ingest'],
  { tenantId, agentIds }: Principal,
): Report['completeness']['sources'] {
  if (agentIds !== undefined) return null
  const { sources, missing, reasons, untold, outstanding } = ingest.gaps({ tenantId })
  return { sources, missing, dropped: reasons, unexplained: untold, outstanding }
}
