import { describe, expect, it } from 'vitest'
import type { Clock } from '../event/index.ts'
import { Attempts, mayBeTriedAgain } from './attempts.ts'

const URL = 'https://api.openai.com/v1/chat/completions'
const body = (text: string): Uint8Array => new TextEncoder().encode(text)

function attempts(): { readonly tries: Attempts; wait(ms: number): void } {
  let now = 1_000
  const clock: Clock = { now: () => now, monotonic: () => now }
  return {
    tries: new Attempts(clock),
    wait: (ms) => {
      now += ms
    },
  }
}

describe('tries of one operation', () => {
  it('are the same words to the same address after a failure, and share its id', () => {
    const { tries } = attempts()
    expect(tries.again(URL, body('a'), undefined)).toBeUndefined()
    const first = tries.failed(URL, body('a'), {})
    expect(first.attempt).toBe(1)
    expect(tries.again(URL, body('b'), undefined)).toBeUndefined()
    expect(tries.again(`${URL}/x`, body('a'), undefined)).toBeUndefined()
    const second = tries.again(URL, body('a'), undefined)
    expect(second).toEqual({ operationId: first.operationId, attempt: 2 })
    // It is under way now: a third at the same time is another operation.
    expect(tries.again(URL, body('a'), undefined)).toBeUndefined()
    tries.failed(URL, body('a'), second as never)
    expect(tries.again(URL, body('a'), 3)).toEqual({ operationId: first.operationId, attempt: 3 })
    expect(tries.again(URL, body('a'), undefined)).toBeUndefined()
  })

  it('go by the count of a sender that counts', () => {
    const { tries } = attempts()
    const once = tries.failed(URL, body('a'), { attempt: 1 })
    const twice = tries.failed(URL, body('a'), { operationId: 'op-2', attempt: 2 })
    expect(tries.again(URL, body('a'), 1)).toBeUndefined()
    expect(tries.again(URL, body('a'), 3)).toEqual({ operationId: twice.operationId, attempt: 3 })
    expect(tries.again(URL, body('a'), 2)).toEqual({ operationId: once.operationId, attempt: 2 })
  })

  it('are of the latest failure: one before it has been given up', () => {
    const { tries, wait } = attempts()
    const given = tries.failed(URL, body('a'), { attempt: 1 })
    wait(10_000)
    const latest = tries.failed(URL, body('a'), { attempt: 1 })
    expect(tries.again(URL, body('a'), 2)).toEqual({ operationId: latest.operationId, attempt: 2 })
    expect(latest.operationId).not.toBe(given.operationId)
  })

  it('are forgotten after two minutes, and no more than a thousand are known', () => {
    const { tries, wait } = attempts()
    tries.failed(URL, body('a'), {})
    wait(120_001)
    expect(tries.again(URL, body('a'), undefined)).toBeUndefined()
    for (let count = 0; count < 1_001; count++) tries.failed(URL, body(`${count}`), {})
    expect(tries.again(URL, body('999'), undefined)).toMatchObject({ attempt: 2 })
    expect(tries.again(URL, body('1000'), undefined)).toBeUndefined()
    wait(120_001)
    tries.failed(URL, body('a'), {})
    expect(tries.again(URL, body('a'), undefined)).toMatchObject({ attempt: 2 })
  })

  it.each([
    [429, true],
    [408, true],
    [500, true],
    [529, true],
    [400, false],
    [401, false],
    [200, false],
  ])('a status of %i is tried again: %s', (status, again) => {
    expect(mayBeTriedAgain(status)).toBe(again)
  })
})
