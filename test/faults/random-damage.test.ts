import { expect, test } from 'vitest'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { damageLife } from './testing/damage-life.ts'

const LIVES = thorough(2, 120)

test(`in ${LIVES} lives of random damage every event is there once, or told as lost and there once after it was sent again`, async () => {
  const broken: string[] = []
  for (let seed = 1; seed <= LIVES && broken.length < 5; seed++) broken.push(...(await damageLife(seed)))
  expect(broken).toEqual([])
}, 550_000)
