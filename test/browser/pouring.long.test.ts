import { expect, test } from 'vitest'
import { pour, report } from './testing/pouring.ts'
import { stage } from './testing/stage.ts'

/** Twenty seconds of 5,000 events a second. Its times mean something on a machine that does nothing else. */

const at = stage()

test('the page answers within 100 ms while 5,000 events a second come in for twenty seconds', async ({ annotate }) => {
  const poured = await pour(at, 100_000, 5_000)
  await annotate(report(poured))
  expect(poured.perSecond).toBeGreaterThan(4_500)
  const p95 = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor(0.95 * values.length)] ?? 0
  expect(p95(poured.keysMs)).toBeLessThan(100)
  expect(p95(poured.pagesMs)).toBeLessThan(100)
  expect(poured.heapBytes[1]).toBeLessThan(40_000_000)
}, 120_000)
