import { expect, it } from 'vitest'
import { BoundedGroups } from './groups.ts'
import { hourOfDay } from './hours.ts'

it('groups beyond the limit share one, and those there were stay themselves', () => {
  const groups = new BoundedGroups(2, 2, () => ({ count: 0 }))
  for (const name of ['a', 'b', 'c', 'd', 'a', 'e']) groups.at([name, 'x']).count++
  expect(groups.groups.map(({ name, value }) => [...name, value.count])).toEqual([
    ['a', 'x', 2],
    ['b', 'x', 1],
    ['other', 'other', 3],
  ])
  for (let index = 0; index < 1000; index++) groups.at([`n${index}`, 'y'])
  expect(groups.groups).toHaveLength(3)
})

it('the hour is that of the zone, also before 1970', () => {
  expect(hourOfDay(0, 'UTC')).toBe(0)
  expect(hourOfDay(-1, 'UTC')).toBe(23)
  expect(hourOfDay(Date.UTC(2026, 10, 21, 23, 30), 'Asia/Kathmandu')).toBe(5)
  expect(hourOfDay(Date.UTC(2026, 10, 21, 2), 'America/Los_Angeles')).toBe(18)
})
