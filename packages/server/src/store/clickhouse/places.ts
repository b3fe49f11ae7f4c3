import { PLACE, PLACES } from './schema.ts'

/** Up to which ordinal of each journal, by the journal's number. */
export type Through = readonly (readonly [journal: number, ordinal: number])[]

/** Whether a row is among those. */
export function withinSql(through: Through): string {
  const parts = through
    .filter(([, ordinal]) => ordinal > 0)
    .map(([journal, ordinal]) => `(${PLACE} > ${journal * PLACES} AND ${PLACE} <= ${journal * PLACES + ordinal})`)
  return parts.length === 0 ? 'false' : `(${parts.join(' OR ')})`
}

/** Whether it is behind them; as ranges, which the engine can find without reading every row. */
export function beyondSql(through: Through): string {
  const sorted = [...through].sort(([a], [b]) => a - b)
  const bounds = sorted.map(([journal, ordinal], index) => {
    const next = sorted[index + 1]?.[0]
    const end = next === undefined ? '' : ` AND ${PLACE} <= ${next * PLACES}`
    return `(${PLACE} > ${journal * PLACES + ordinal}${end})`
  })
  const [first] = sorted
  if (first === undefined) return 'true'
  return `(${first[0] === 0 ? '' : `${PLACE} <= ${first[0] * PLACES} OR `}${bounds.join(' OR ')})`
}
