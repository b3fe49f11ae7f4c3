import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { NOON, testClock } from '../ingest/testing/harness.ts'
import { openTallystick, type Tallystick } from '../open.ts'
import { readDefinition } from './definition.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-budget-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const WINDOWS = [
  { kind: 'day', time_zone: 'Asia/Kathmandu' },
  { kind: 'day', time_zone: 'America/New_York' },
  { kind: 'week' },
  { kind: 'month', time_zone: 'Europe/Berlin' },
  { kind: 'rolling', ms: 90 * 60_000 },
  { kind: 'rolling', ms: 20 * DAY },
  { kind: 'total' },
]

async function spentOf({ budgets }: Tallystick): Promise<readonly unknown[]> {
  const figures = await budgets.figures(budgets.list())
  return figures.map(({ spent, requests, unpricedRequests }) => [spent, requests, unpricedRequests])
}

it('what a store of cells and rows says at a start is what was counted before', async () => {
  const clock = testClock()
  let tallystick = await openTallystick({ dataDir, clock })
  for (const window of WINDOWS) {
    await tallystick.budgets.create(readDefinition({ name: 'test', amount: 1, window, thresholds: [] }))
    const subject = { dimension: 'tags.team', value: 'a' }
    await tallystick.budgets.create(readDefinition({ name: 'test', amount: 1, unit: 'tokens', window, subject }))
  }
  const items = Array.from({ length: 2_000 }, (_, index) => ({
    event_id: `e${index}`,
    timestamp_ms: NOON + 20 * HOUR - index * 20 * 60_000,
    model: index % 5 === 0 ? 'nobody-prices-this' : 'gpt-4o',
    input_tokens: index,
    ...(index % 5 === 0 ? {} : { cost_nano_usd: 2 ** 50 + index }),
    ...(index % 2 === 0 ? { tags: { team: 'a' } } : {}),
  }))
  // Dated ahead: in no total, for that began now, until its hour has come.
  clock.set(NOON)
  await tallystick.ingest.submit({ items, door: 'test' })
  const counted = await spentOf(tallystick)
  expect(counted[0]).not.toEqual(counted[2])
  tallystick.budgets.takeAgain()
  expect(await spentOf(tallystick)).toEqual(counted)
  await tallystick.close()
  tallystick = await openTallystick({ dataDir, clock })
  expect(await spentOf(tallystick)).toEqual(counted)
  clock.set(NOON + 19 * HOUR)
  const later = await spentOf(tallystick)
  expect(later).not.toEqual(counted)
  tallystick.budgets.takeAgain()
  expect(await spentOf(tallystick)).toEqual(later)
  await tallystick.ingest.clear()
  expect(new Set((await spentOf(tallystick)).map(String))).toEqual(new Set(['0,0,0']))
  await tallystick.close()
}, 60_000)
