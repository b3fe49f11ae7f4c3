import { MILLIONTHS, type ResultRow } from '../../query/index.ts'
import { volumeScore, wilsonLowerBound } from '../score.ts'

/** What became of the events of one name; a null name: the event has none. */
export interface Outcome {
  readonly count: number
  /** Null of the rest beyond the names that were asked for, whose outcomes an answer does not tell apart. */
  readonly successes: number | null
  /** Success ratio, 0 to 1. */
  readonly successRatio: number | null
  readonly tokens: number
  /** Mean time in ms of those whose time is known; null where no time is. */
  readonly averageMs: number | null
  /** The rest beyond the names that were asked for. */
  readonly other: boolean
}

/** A tool and how its invocations went. */
export interface ToolOutcome extends Outcome {
  readonly tool: string | null
}

/** A backend and what it is worth by its outcomes. */
export interface RankedBackend extends Outcome {
  readonly backend: string | null
  readonly successes: number
  readonly successRatio: number
  /** 0 to 100, see {@link volumeScore}. */
  readonly score: number
  /** 0 to 100: the success rate that is certain at 95 %, see {@link wilsonLowerBound}. */
  readonly reliability: number
}

/** Decisions of one method for one backend. */
export interface Route extends Outcome {
  readonly method: string | null
  readonly backend: string | null
  /** Decisions that say how confident they were. */
  readonly confident: number
  /** Mean of those, 0 to 1; null where none says. */
  readonly averageConfidence: number | null
}

/**
 * Backends, the best score first and without the rest, from rows by method, backend and success ({@link DECISIONS_QUESTION}).
 *
 * @example
 * const row = { routing_method: null, backend: 'local', duration_ms_sum: 5_000, total_tokens: 0 }
 * rankBackends([
 *   { ...row, success: true, events: 9, duration_ms_count: 5 },
 *   { ...row, success: false, events: 1, duration_ms_sum: 0, duration_ms_count: 0 },
 * ])[0]?.score // 74
 */
export function rankBackends(rows: readonly ResultRow[]): readonly RankedBackend[] {
  return gathered(
    rows.filter((row) => row['other'] !== true),
    ['backend'],
  )
    .map(([names, sums]) => {
      const { count, successes } = sums
      const outcome = outcomeOf(sums)
      return {
        ...outcome,
        backend: names[0] as string | null,
        successes,
        successRatio: successes / count,
        score: volumeScore({ requests: count, successes, averageMs: outcome.averageMs ?? 0 }),
        reliability: wilsonLowerBound(successes, count) * 100,
      }
    })
    .sort((a, b) => b.score - a.score)
}

/** Routes, the most used first, from the same rows. */
export function routesOf(rows: readonly ResultRow[]): readonly Route[] {
  return gathered(rows, ['routing_method', 'backend'])
    .map(([names, sums]) => ({
      method: names[0] as string | null,
      backend: names[1] as string | null,
      ...outcomeOf(sums),
      confident: sums.confident,
      averageConfidence: sums.confident > 0 ? sums.confidence / sums.confident / MILLIONTHS : null,
    }))
    .sort(byCount)
}

/** Tools, the most used first, from rows by tool and success ({@link TOOLS_QUESTION}). */
export function toolsOf(rows: readonly ResultRow[]): readonly ToolOutcome[] {
  return gathered(rows, ['tool_name'])
    .map(([names, sums]) => ({ tool: names[0] as string | null, ...outcomeOf(sums) }))
    .sort(byCount)
}

const byCount = (a: Outcome, b: Outcome): number => Number(a.other) - Number(b.other) || b.count - a.count

interface Sums {
  count: number
  successes: number
  tokens: number
  timeMs: number
  timed: number
  confidence: number
  confident: number
  other: boolean
}

type Names = readonly (string | null)[]

/** Rows of the same names added up, whatever else they are told apart by. */
function gathered(rows: readonly ResultRow[], by: readonly string[]): readonly (readonly [Names, Sums])[] {
  const found = new Map<string, readonly [Names, Sums]>()
  for (const row of rows) {
    const other = row['other'] === true
    const names = by.map((name) => (other || row[name] == null ? null : String(row[name])))
    // Of JSON texts no two are alike for different names.
    const key = JSON.stringify([other, ...names])
    const entry = found.get(key) ?? ([names, nothing(other)] as const)
    found.set(key, entry)
    const sums = entry[1]
    const count = figure(row, 'events')
    sums.count += count
    if (row['success'] === true) sums.successes += count
    sums.tokens += figure(row, 'total_tokens')
    sums.timeMs += figure(row, 'duration_ms_sum')
    sums.timed += figure(row, 'duration_ms_count')
    sums.confidence += figure(row, 'routing_confidence_millionths_sum')
    sums.confident += figure(row, 'routing_confidence_millionths_count')
  }
  return [...found.values()]
}

const nothing = (other: boolean): Sums => ({
  count: 0,
  successes: 0,
  tokens: 0,
  timeMs: 0,
  timed: 0,
  confidence: 0,
  confident: 0,
  other,
})

/** Integers past 2^53 come as text; a mean does not need their last digits. */
const figure = (row: ResultRow, name: string): number => Number(row[name] ?? 0)

function outcomeOf({ count, successes, tokens, timeMs, timed, other }: Sums): Outcome {
  return {
    count,
    successes: other ? null : successes,
    successRatio: other || count === 0 ? null : successes / count,
    tokens,
    averageMs: timed > 0 ? timeMs / timed : null,
    other,
  }
}
