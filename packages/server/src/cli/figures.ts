import type { Column, Members } from './report.ts'
import { dollars, grouped } from './terminal.ts'

/** How the members of an answer of Protocol 012 are written in a table and in the line below it. */

/** An amount by its name in USD, exactly: the integer beside it is read. */
export function money(members: Members, name: string): string {
  return dollars(members[`${name}_nano_usd`] as number | string)
}

/** An integer, or a percentage. */
export function count(members: Members, name: string): string {
  return grouped(members[name] as number | string)
}

export const words = (head: string, name: string): Column => ({
  head,
  words: true,
  // What comes from outside may move the cursor of a terminal.
  cell: (row) => String(row[name] ?? '-').replace(/\p{Cc}/gu, '?'),
})
export const amount = (head: string, name: string): Column => ({ head, cell: (row) => money(row, name) })
export const number = (head: string, name: string): Column => ({ head, cell: (row) => count(row, name) })
export const percent = (head: string, name: string): Column => ({ head, cell: (row) => `${row[name]} %` })

/** Of which time, and which page of how many. */
export function extent(answer: Members): string {
  const period = answer['period'] === undefined ? [] : [periodOf(answer)]
  const pagination = answer['pagination'] as Members | undefined
  const pages = Number(pagination?.['total_pages'] ?? 0)
  return [...period, ...(pages > 1 ? [`page ${pagination?.['page']} of ${pages}`] : [])].join(', ')
}

function periodOf({ end, period, start }: Members): string {
  return period === 'custom' ? `${start} to ${end}` : String(period)
}

/** `, 3 without a price`, or nothing. */
export function unpriced(members: Members): string {
  return Number(members['unpriced_requests']) === 0 ? '' : `, ${count(members, 'unpriced_requests')} without a price`
}

export const summaryOf = (answer: Members): Members => answer['summary'] as Members
