import { describe, expect, it } from 'vitest'
import type { UpkeepOptions } from './upkeep.ts'
import { startUpkeep } from './upkeep.ts'

const DAY = 86_400_000

function setup(over: Partial<UpkeepOptions> = {}): {
  calls: unknown[]
  warnings: string[]
  time: { wall: number; monotonic: number }
  options: UpkeepOptions
} {
  const calls: unknown[] = []
  const warnings: string[] = []
  const time = { wall: 1_000 * DAY, monotonic: 5 }
  const options: UpkeepOptions = {
    store: {
      prune: async (request) => {
        calls.push(request)
        return { eventsDropped: 1 }
      },
    },
    ingest: { prune: async () => void calls.push('ids') },
    journal: {
      prune: async () => {
        calls.push('journal')
        return { dropped: 0 }
      },
    },
    clock: { now: () => time.wall, monotonic: () => time.monotonic },
    logger: {
      info: () => undefined,
      warn: (_, message) => warnings.push(message),
      error: (_, message) => warnings.push(message),
    },
    ...over,
  }
  return { calls, warnings, time, options }
}

/** Something that lasts until it is told how it ends. */
function held(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let [resolve, reject]: [() => void, (error: Error) => void] = [() => undefined, () => undefined]
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

describe('upkeep', () => {
  it('drops events before their ids, and ids before the journal', async () => {
    const { calls, options } = setup({ retainEventsMs: 10 * DAY })
    const upkeep = startUpkeep(options)
    await upkeep.run()
    await upkeep.stop()
    expect(calls).toEqual([{ eventsBeforeMs: 990 * DAY }, 'ids', 'journal'])
  })

  it('drops kinds at an age of their own, and no more than legal holds leave', async () => {
    const { calls, options } = setup({
      retainKindsMs: new Map([['tool_invocation', 7 * DAY]]),
      allowed: (request) => ({ ...request, cellsBeforeMs: 5 }),
    })
    const upkeep = startUpkeep(options)
    await upkeep.run()
    await upkeep.stop()
    expect(calls[0]).toEqual({ kindsBeforeMs: new Map([['tool_invocation', 993 * DAY]]), cellsBeforeMs: 5 })
  })

  it('leaves the store alone when everything is kept', async () => {
    const { calls, options } = setup()
    const upkeep = startUpkeep(options)
    await upkeep.run()
    await upkeep.stop()
    expect(calls).toEqual(['ids', 'journal'])
  })

  it('that is stopped waits for ids, but not for a store or a journal, whose closing ends it without a word', async () => {
    const [store, ids] = [held(), held()]
    const { calls, warnings, options } = setup({
      retainEventsMs: DAY,
      store: { prune: () => store.promise.then(() => ({ eventsDropped: 0 })) },
    })
    const upkeep = startUpkeep(options)
    const round = upkeep.run()
    await upkeep.stop()
    store.reject(new Error('The store is closed.'))
    await round
    expect({ calls, warnings, last: upkeep.last() }).toEqual({ calls: [], warnings: [], last: undefined })

    const journal = held()
    const third = setup({ journal: { prune: () => journal.promise.then(() => ({ dropped: 0 })) } })
    const compressing = startUpkeep(third.options)
    const last = compressing.run()
    await new Promise((resolve) => setImmediate(resolve))
    expect(third.calls).toEqual(['ids'])
    await compressing.stop()
    journal.reject(new Error('The journal is closed.'))
    await last
    expect({ warnings: third.warnings, last: compressing.last() }).toEqual({ warnings: [], last: undefined })

    const other = setup({ ingest: { prune: () => ids.promise } })
    const second = startUpkeep(other.options)
    void second.run()
    let stopped = false
    const stopping = second.stop().then(() => {
      stopped = true
    })
    await Promise.resolve()
    expect(stopped).toBe(false)
    ids.resolve()
    await stopping
    expect(other.calls).toEqual(['journal'])
  })

  it('drops nothing once the wall clock has jumped', async () => {
    const { calls, warnings, time, options } = setup({ retainEventsMs: DAY })
    const upkeep = startUpkeep(options)
    time.wall += 365 * DAY
    await upkeep.run()
    expect(calls).toEqual([])
    expect(warnings).toHaveLength(1)
    time.wall += DAY - 365 * DAY
    time.monotonic += DAY
    await upkeep.run()
    await upkeep.stop()
    expect(calls).toHaveLength(3)
  })

  it('survives a failure, never overlaps, and does nothing after stop', async () => {
    let release: () => void = () => undefined
    let entered = 0
    const { warnings, options } = setup({
      ingest: {
        prune: async () => {
          entered++
          await new Promise<void>((resolve) => {
            release = resolve
          })
          throw new Error('no')
        },
      },
    })
    const upkeep = startUpkeep(options)
    const rounds = [upkeep.run(), upkeep.run()]
    await new Promise((resolve) => setImmediate(resolve))
    expect(entered).toBe(1)
    release()
    await Promise.all(rounds)
    expect(warnings).toHaveLength(1)
    await upkeep.stop()
    await upkeep.run()
    expect(entered).toBe(1)
  })
})
