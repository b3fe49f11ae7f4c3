import { describe, expect, it } from 'vitest'
import { timetable } from './cron.ts'

const at = (text: string): number => Date.parse(text)

async function instants(cron: string, zone: string, from: string, count: number): Promise<string[]> {
  const table = await timetable(cron, zone)
  const found: string[] = []
  for (let ms = at(from); found.length < count; ) {
    ms = table.next(ms) as number
    found.push(new Date(ms).toISOString().slice(0, 16))
  }
  return found
}

describe('a timetable', () => {
  it('follows the clock of its zone over both changes of the year', async () => {
    expect(await instants('0 8 * * *', 'Europe/Berlin', '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T07:00',
      '2026-03-29T06:00',
      '2026-03-30T06:00',
    ])
    expect(await instants('0 8 * * *', 'Europe/Berlin', '2026-10-24T00:00:00Z', 2)).toEqual([
      '2026-10-24T06:00',
      '2026-10-25T07:00',
    ])
  })

  it('is due once where the clocks skip the time, and once where they show it twice', async () => {
    // 02:30 is not there on the 29th of March: due when the clocks go on, at 03:00.
    expect(await instants('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ])
    expect(await instants('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ])
  })

  it('knows the last instant up to and with a moment', async () => {
    const table = await timetable('15 9 * * MON', 'Asia/Kathmandu')
    const monday = at('2026-11-16T03:30:00Z')
    expect(table.latest(monday)).toBe(monday)
    expect(table.latest(monday + 999)).toBe(monday)
    expect(table.latest(monday - 1)).toBe(monday - 7 * 86_400_000)
    expect(table.next(monday)).toBe(monday + 7 * 86_400_000)
  })

  it('says what is wrong with an expression', async () => {
    await expect(timetable('61 * * * *', 'UTC')).rejects.toThrow('minute')
    await expect(timetable('* * * * * *', 'UTC')).rejects.toThrow('5 parts')
    expect((await timetable('0 0 30 2 *', 'UTC')).next(0)).toBeUndefined()
  })
})
