import { compareValues } from '@tallystick/core/query'
import type { Asked } from './asked.ts'
import { paginationOf } from './paging.ts'

/** Rows on a page where a query does not say. */
export const PER_PAGE = 50

/** A row of an answer, and what its place follows from: the greater comes first, ties by name. */
export interface Ranked {
  readonly rank: bigint
  readonly names: readonly (string | null)[]
  readonly row: () => object
}

/** A page of rows in their order, and where in the whole it stands. */
export function pageOf({ paging }: Pick<Asked, 'paging'>, rows: readonly Ranked[]): object {
  const { page, perPage } = paging
  const sorted = rows.toSorted((a, b) =>
    a.rank === b.rank ? compareValues(a.names, b.names) : a.rank > b.rank ? -1 : 1,
  )
  return {
    data: sorted.slice((page - 1) * perPage, page * perPage).map(({ row }) => row()),
    pagination: paginationOf(paging, rows.length),
  }
}
