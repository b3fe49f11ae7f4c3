import { type Issue, TallystickError } from '@tallystick/core'

/** Which page of how many rows; pages count from 1. */
export interface Paging {
  readonly page: number
  readonly perPage: number
}

const MAX_PER_PAGE = 100
const MAX_PAGE = 1_000_000_000

/**
 * `page` (1 when absent) and `per_page` (1 to 100).
 *
 * @throws TallystickError `invalid_query`
 */
export function pagingOf(parameters: URLSearchParams, defaultPerPage: number): Paging {
  const issues: Issue[] = []
  const read = (path: string, absent: number, max: number): number => {
    const text = parameters.get(path)
    if (text === null) return absent
    const value = /^\d{1,10}$/.test(text) ? Number(text) : 0
    if (value < 1 || value > max) issues.push({ path, message: `must be a whole number from 1 to ${max}` })
    return value
  }
  const page = read('page', 1, MAX_PAGE)
  const perPage = read('per_page', defaultPerPage, MAX_PER_PAGE)
  const [issue] = issues
  if (issue !== undefined) throw new TallystickError('invalid_query', `${issue.path} ${issue.message}.`, { issues })
  return { page, perPage }
}

/** The member of an answer that says where in the whole its page stands; no pages when there is nothing. */
export function paginationOf({ page, perPage }: Paging, total: number): object {
  return { page, per_page: perPage, total, total_pages: Math.ceil(total / perPage) }
}
