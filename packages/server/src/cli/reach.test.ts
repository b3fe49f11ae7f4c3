import { TallystickError } from '@tallystick/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Connection } from './connection.ts'
import { Reach } from './reach.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const REST_MS = 1_000
let log: string[] = []
beforeEach(() => {
  log = []
})

/** The next connection of so many, each of which answers its own number or fails. */
function connections(answers: readonly (() => Response)[]): () => Promise<Connection> {
  let made = 0
  return async () => {
    const number = ++made
    log.push(`open ${number}`)
    return {
      url: undefined,
      call: async () => (answers[number - 1] ?? (() => new Response('')))(),
      close: async () => {
        log.push(`close ${number}`)
      },
    }
  }
}

const reach = (...answers: readonly (() => Response)[]): Reach => new Reach(connections(answers), () => REST_MS)
const ok = (): Response => new Response('ok')
const gone = (): Response => {
  throw new TallystickError('server_unreachable', 'gone')
}

describe('a connection that is made when it is called', () => {
  it('is shared by calls, and given back once nobody has called for a while', async () => {
    const reached = reach(ok, ok)
    await Promise.all([reached.call('/a'), reached.call('/b')])
    await vi.advanceTimersByTimeAsync(REST_MS - 1)
    await reached.call('/c')
    await vi.advanceTimersByTimeAsync(REST_MS - 1)
    expect(log).toEqual(['open 1'])
    await vi.advanceTimersByTimeAsync(1)
    expect(log).toEqual(['open 1', 'close 1'])
    await reached.call('/d')
    expect(log).toEqual(['open 1', 'close 1', 'open 2'])
    await reached.close()
    expect(log).toEqual(['open 1', 'close 1', 'open 2', 'close 2'])
  })

  it('looks once more for a server that has gone, and not for one that it has just looked for', async () => {
    let first = true
    const dies = (): Response => {
      if (!first) return gone()
      first = false
      return ok()
    }
    const reached = reach(dies, ok)
    await reached.call('/a')
    expect(await (await reached.call('/b')).text()).toBe('ok')
    expect(log).toEqual(['open 1', 'close 1', 'open 2'])
    const never = reach(gone, gone)
    await expect(never.call('/a')).rejects.toMatchObject({ code: 'server_unreachable' })
    expect(log.slice(3)).toEqual(['open 1', 'close 1'])
  })

  it('tries anew what could not be opened', async () => {
    let tries = 0
    const open = connections([ok])
    const reached = new Reach(
      async () => {
        if (tries++ === 0) throw new TallystickError('journal_locked', 'held')
        return open()
      },
      () => REST_MS,
    )
    await expect(reached.call('/a')).rejects.toMatchObject({ code: 'journal_locked' })
    expect(await (await reached.call('/a')).text()).toBe('ok')
    await reached.close()
  })
})
