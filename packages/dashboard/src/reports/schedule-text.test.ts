import { describe, expect, it } from 'vitest'
import { filtersOf, reportAddress } from './report-address.ts'
import { cronOf, type RunRow, rhythmOf, rhythmText, runText, untilText } from './schedule-text.ts'

describe('a rhythm', () => {
  it.each([
    ['0 8 * * *', 'day', 'every day at 08:00'],
    ['30 7 * * MON-FRI', 'weekday', 'Monday to Friday at 07:30'],
    ['5 18 * * SUN', 'week', 'Sundays at 18:05'],
    ['0 0 1 * *', 'month', 'the first of each month at 00:00'],
  ])('%s is read, said in words and written again', (cron, every, text) => {
    expect([rhythmOf(cron).every, rhythmText(cron), cronOf(rhythmOf(cron))]).toEqual([every, text, cron])
  })

  it.each(['*/5 * * * *', '0 8 1,15 * *', '0 8 * JAN *', '@daily', '0 8 * * MON#1', ''])(
    '%j stays as it is',
    (cron) => {
      expect([rhythmOf(cron).every, rhythmText(cron), cronOf(rhythmOf(cron))]).toEqual(['own', cron, cron])
    },
  )
})

it('says how far off the next one is', () => {
  expect([0, 60_000, 3_900_000, 7_200_000, 86_400_000, 600_000_000].map(untilText)).toEqual([
    'within a minute',
    'in 1 min',
    'in 1 h 5 min',
    'in 2 h',
    'in 1 day',
    'in 7 days',
  ])
})

it('says what became of the last one', () => {
  const run: RunRow = {
    id: '',
    due_ms: 0,
    by: 'schedule',
    state: 'waiting',
    attempts: 0,
    next_ms: 0,
    ended_ms: null,
    detail: null,
    bytes: null,
  }
  expect(runText(run, 'UTC')).toBe('under way')
  expect(runText({ ...run, attempts: 2, detail: 'answered 503' }, 'UTC')).toBe(
    'tried 2 times: answered 503; again 1 Jan 1970, 00:00',
  )
  expect(runText({ ...run, state: 'delivered', ended_ms: 0 }, 'UTC')).toBe('delivered 1 Jan 1970, 00:00')
  expect(runText({ ...run, state: 'failed', ended_ms: 0, detail: 'answered 410' }, 'UTC')).toBe(
    'failed 1 Jan 1970, 00:00: answered 410',
  )
})

it('asks for what the page shows', () => {
  const filters = [
    { name: 'model', values: ['a b', null], negate: false },
    { name: 'status_code', values: [429], negate: true },
  ]
  const view = { range: { fromMs: 1, toMs: 2 }, span: { fromMs: 1, toMs: 2 }, zone: 'Asia/Kathmandu', filters }
  expect(reportAddress(view, 'html', true)).toBe(
    '/api/v1/report?from=1&to=2&time_zone=Asia%2FKathmandu&format=html&inline=true&model=a+b&model=&status_code%21=429',
  )
  expect(filtersOf(filters)).toEqual({ model: ['a b', null], status_code: { not: [429] } })
  expect(filtersOf([])).toBeNull()
})
