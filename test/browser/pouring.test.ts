import { expect, test } from 'vitest'
import { pour, report } from './testing/pouring.ts'
import { stage } from './testing/stage.ts'

/** The page while events pour in; `pouring.long.test.ts` goes on for longer and looks at the clock. */

const at = stage()

test('the figures are those of what was sent, and the tab does not grow, while 5,000 events a second come in', async ({
  annotate,
}) => {
  const poured = await pour(at, 15_000, 5_000)
  await annotate(report(poured))
  expect(poured.heapBytes[1]).toBeLessThan(40_000_000)
}, 60_000)
