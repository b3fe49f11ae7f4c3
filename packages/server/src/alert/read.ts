import type { QueryResult, ResultRow } from '@tallystick/core/query'
import type { GapReport, SourceSelection } from '../ingest/invariants.ts'
import type { AlertRule } from '../state/alert.ts'
import type { UsageStore } from '../store/store.ts'
import type { Measured } from './kind.ts'
import { MAX_SUBJECTS, questionOf } from './question.ts'
import type { Reading } from './reading.ts'
import { settingsOf } from './settings.ts'
import { plainName } from './words.ts'

/** What the evaluation asks. */
export interface Figures {
  readonly store: Pick<UsageStore, 'query'>
  /** What the sources' ledgers say. */
  readonly gaps: (selection: SourceSelection) => GapReport
}

interface Asking {
  readonly rule: AlertRule
  readonly toMs: number
  readonly figures: Figures
  readonly signal: AbortSignal
}

/**
 * Measures what a rule watches, up to `toMs`; undefined where the store has not come that far yet, so that figures which lag
 * look neither like silence nor like a recovery.
 */
export async function read(asking: Asking): Promise<readonly Reading[] | undefined> {
  const { measured } = settingsOf(asking.rule).spec
  return READ[measured.of](measured as never, asking)
}

const READ: {
  readonly [O in Measured['of']]: (
    measured: Extract<Measured, { of: O }>,
    asking: Asking,
  ) => Promise<readonly Reading[] | undefined>
} = {
  async figure({ measure, named }, asking) {
    const rows = await rowsOf(asking)
    if (rows === undefined) return undefined
    const values = rows.map((row) => integerOf(row[measure]))
    // A figure that no event carries is unknown, which is not the same as none.
    if (rows.length > 0 && values.every((value) => value === undefined)) return []
    const numerator = values.reduce<bigint>((sum, value) => sum + (value ?? 0n), 0n)
    const names = named === undefined ? [] : namesOf(rows, named, measure)
    return [{ subject: [], requests: sumOf(rows, 'requests'), numerator, denominator: 1n, names, facts: {} }]
  },

  async share({ part, whole, by }, asking) {
    const rows = await rowsOf(asking)
    return rows
      ?.filter((row) => row['other'] !== true)
      .flatMap((row): Reading[] => {
        const all = integerOf(row[whole]) ?? 0n
        if (all === 0n) return []
        const some = integerOf(row[part]) ?? 0n
        const subject = by === undefined ? [] : [String(row[by] ?? '(none)')]
        return [
          {
            subject,
            requests: Number(row['requests']),
            numerator: some * 10_000n,
            denominator: all,
            names: [],
            facts: {
              ...(by === undefined ? {} : { [by]: subject[0] as string }),
              [part]: factOf(some),
              [whole]: factOf(all),
            },
          },
        ]
      })
  },

  async growth({ measure, days }, asking) {
    const rows = await rowsOf(asking)
    if (rows === undefined) return undefined
    const value = integerOf(rows[0]?.[measure])
    const requests = sumOf(rows, 'requests')
    // Earlier days are read only where there is something to compare with them.
    if (value === undefined || requests < settingsOf(asking.rule).minRequests) return []
    let earlier = 0n
    let counted = 0n
    for (let day = 1; day <= days; day++) {
      const before = integerOf((await rowsOf(asking, day))?.[0]?.[measure])
      if (before === undefined) continue
      earlier += before
      counted++
    }
    if (earlier === 0n) return []
    return [
      {
        subject: [],
        requests,
        numerator: value * counted * 100n,
        denominator: earlier,
        names: [],
        facts: {
          [measure]: factOf(value),
          [`earlier_mean_${measure}`]: factOf(earlier / counted),
          days: Number(counted),
        },
      },
    ]
  },

  async sources({ count }, { rule, figures }) {
    const { worst } = figures.gaps({ tenantId: rule.tenantId, sourceIds: rule.filters?.['source_id'] })
    return worst
      .filter((gap) => gap[count] > 0)
      .slice(0, MAX_SUBJECTS)
      .map((gap) => ({
        subject: [gap.source_id, gap.epoch, ...(gap.tenant_id === undefined ? [] : [gap.tenant_id])],
        numerator: BigInt(gap[count]),
        denominator: 1n,
        names: [],
        facts: {
          source_id: gap.source_id,
          epoch: gap.epoch,
          missing: gap.missing,
          dropped: gap.told,
          total: gap[count],
        },
      }))
  },

  async crossings() {
    return []
  },
}

async function rowsOf(
  { rule, toMs, figures, signal }: Asking,
  daysBack = 0,
): Promise<readonly ResultRow[] | undefined> {
  const query = questionOf(rule, toMs, daysBack)
  if (query === undefined) return []
  const answer: QueryResult = await figures.store.query(query, { signal })
  return answer.complete_to_ms < toMs ? undefined : answer.rows
}

/** Integers past 2^53 come as text, quantiles may come with a fraction; undefined where it is unknown. */
function integerOf(value: ResultRow[string] | undefined): bigint | undefined {
  if (typeof value === 'string') return BigInt(value)
  return typeof value === 'number' ? BigInt(Math.trunc(value)) : undefined
}

function sumOf(rows: readonly ResultRow[], name: string): number {
  return rows.reduce((sum, row) => sum + Number(row[name] ?? 0), 0)
}

function namesOf(rows: readonly ResultRow[], dimension: string, measure: string): readonly string[] {
  return rows
    .filter((row) => row['other'] !== true && (integerOf(row[measure]) ?? 0n) > 0n)
    .map((row) => plainName(String(row[dimension] ?? '(none)')))
}

/** As facts are written: a number, or digits where a number would round. */
export function factOf(value: bigint): number | string {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value)
}
