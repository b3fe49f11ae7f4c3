import { expect, it } from 'vitest'
import { freshest } from './freshest.ts'

it('is what the source says, and while it is silent what it said last', async () => {
  const answers: ((value: number) => void)[] = []
  const ask = freshest(() => new Promise<number>((resolve) => answers.push(resolve)), 5)
  expect(await ask()).toBeUndefined()
  answers.shift()?.(1)
  expect(await ask()).toBe(1)
  // Asked once more after the answer, and not again while it is under way.
  expect(await ask()).toBe(1)
  expect(answers.length).toBeLessThanOrEqual(1)
})

it('keeps the last answer when the source fails', async () => {
  let fails = false
  const ask = freshest(async () => {
    if (fails) throw new Error('gone')
    return 7
  }, 1_000)
  expect(await ask()).toBe(7)
  fails = true
  expect(await ask()).toBe(7)
})
