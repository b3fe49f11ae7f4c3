import type { BillRow } from '../state/bill.ts'
import type { Change } from '../state/state.ts'
import type { BillInput, BillInputRow } from './bill-input.ts'

/**
 * What puts a part of a bill in the place of what was known of that part for its days: the other part stays, models that
 * are not in it any more lose this one, and each day keeps a row without a model, which says that the day was told of.
 */
export function billChanges(known: Iterable<BillRow>, input: BillInput, nowMs: number): readonly Change[] {
  const days = new Map(input.days.map(({ day, rows }) => [day, rows]))
  const earlier = new Map<string, BillRow>()
  for (const row of known)
    if (row.provider === input.provider && row.tenantId === input.tenantId && days.has(row.day))
      earlier.set(row.id, row)

  const changes = new Map<string, Change>()
  for (const row of earlier.values()) {
    const { usage, cost, ...rest } = row
    const kept = input.part === 'cost' ? usage : cost
    const left: BillRow | undefined =
      kept === undefined ? undefined : ({ ...rest, ...(input.part === 'cost' ? { usage } : { cost }) } as BillRow)
    changes.set(row.id, { table: 'bills', id: row.id, row: left })
  }
  for (const [day, rows] of days)
    for (const row of rows.some(({ model }) => model === undefined) ? rows : [...rows, nothing(input)]) {
      const id = billId(input, day, row.model)
      const left = changes.get(id)?.row as BillRow | undefined
      const { model, ...part } = row
      const next: BillRow = {
        ...left,
        id,
        ...(input.tenantId === undefined ? {} : { tenantId: input.tenantId }),
        provider: input.provider,
        day,
        ...(model === undefined ? {} : { model }),
        ...part,
        updatedMs: nowMs,
      }
      changes.set(id, { table: 'bills', id, row: next })
    }
  return [...changes.values()]
}

function nothing({ part }: BillInput): BillInputRow {
  return part === 'cost'
    ? { model: undefined, cost: { nanoUsd: '0', lines: 0 } }
    : { model: undefined, usage: { tokens: { fresh_input: 0, cache_read: 0, cache_write: 0, output: 0 } } }
}

/** JSON, so that no name can be taken for two. */
function billId({ tenantId, provider }: BillInput, day: string, model: string | undefined): string {
  return JSON.stringify([tenantId ?? null, provider, day, model ?? null])
}
