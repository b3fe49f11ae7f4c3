/**
 * The rows to drop of a table that has grown past its limit: a tenth of it, those of which nothing has been heard longest.
 *
 * @complexity sorts the table, once in so many rows
 */
export function oldest<T>(rows: ReadonlyMap<string, T>, limit: number, heardOf: (row: T) => number): readonly string[] {
  if (rows.size < limit) return []
  return [...rows]
    .sort(([, a], [, b]) => heardOf(a) - heardOf(b))
    .slice(0, Math.ceil(limit / 10))
    .map(([id]) => id)
}
