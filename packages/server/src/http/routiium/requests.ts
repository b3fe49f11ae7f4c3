import {
  type Filter,
  type GroupBy,
  groupByOf,
  parseQuery,
  type QueryResult,
  type ResultRow,
} from '@tallystick/core/query'
import type { Call } from '../route.ts'

/** This dialect speaks of requests to models; what else is recorded (tools, routers, budgets) it does not show. */
export const REQUESTS_ONLY: Filter = {
  by: groupByOf('kind') as GroupBy,
  values: ['llm_request_completed', 'llm_request_failed'],
  negate: false,
}

/** Names that a map of counts holds at most; the most used are kept. */
const MAX_NAMES = 10_000

/** Asks for figures of the requests in a range. */
export interface RequestFigures {
  readonly totals: ResultRow
  /** Over the same requests, and those that also pass `filters`. */
  ask(question: Question): Promise<QueryResult>
}

export interface Question {
  readonly measures: readonly string[]
  readonly groupBy?: string
  readonly filters?: readonly Filter[]
}

/**
 * The totals of the requests in `[fromMs, toMs)`, and how to ask on. Rollup cells do not tell kinds of events apart, and
 * need not where there are only requests, which is nearly always; any other range is read from its rows.
 */
export async function requestFigures(
  { app, store, request: { signal } }: Call,
  range: { readonly fromMs: number; readonly toMs: number },
  filters: readonly Filter[],
  measures: readonly string[],
): Promise<RequestFigures> {
  const asker =
    (base: readonly Filter[]) =>
    (question: Question): Promise<QueryResult> => {
      const query = parseQuery(
        {
          from: range.fromMs,
          to: range.toMs,
          measures: question.measures,
          limit: MAX_NAMES,
          ...(question.groupBy === undefined ? {} : { group_by: [question.groupBy] }),
        },
        { nowMs: app.clock.now() },
      )
      const asked = { ...query, filters: [...base, ...(question.filters ?? [])] }
      return app.queries.run(() => store.query(asked, { signal }), signal)
    }
  const totals = async (ask: RequestFigures['ask']): Promise<ResultRow> =>
    (await ask({ measures: ['events', 'requests', ...measures] })).rows[0] as ResultRow

  const all = asker(filters)
  const first = await totals(all)
  if (first['events'] === first['requests']) return { totals: first, ask: all }
  const requests = asker([...filters, REQUESTS_ONLY])
  return { totals: await totals(requests), ask: requests }
}
