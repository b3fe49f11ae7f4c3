import type { UsageEvent } from '@tallystick/core/event'
import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../store/memory.ts'
import type { StoredEvent } from '../store/store.ts'
import { type ProviderWatch, watchProviders } from './provider-watch.ts'
import { MAX_PROVIDERS } from './roll.ts'

const START = Date.UTC(2026, 10, 21, 12)
const MINUTE = 60_000

/** A watch over a pipeline and a clock that the test moves. */
class Scene {
  nowMs = START
  readonly store = openMemoryStore({ clock: { now: () => this.nowMs, monotonic: () => 0 } })
  readonly watch: ProviderWatch
  #ordinal = 0
  #accepted: StoredEvent[] = []
  #jobs: (() => void)[] = []
  #hear: (events: readonly StoredEvent[]) => void = () => undefined
  #clear: () => void = () => undefined

  constructor(before: readonly StoredEvent[] = [], gate: Promise<void> = Promise.resolve()) {
    this.#ordinal = before.length
    this.watch = watchProviders({
      clock: { now: () => this.nowMs, monotonic: () => 0 },
      timers: {
        after: (_, job) => {
          this.#jobs.push(job)
          return () => undefined
        },
      },
      store: {
        scan: async (request) => {
          await gate
          await this.store.append([...before, ...this.#accepted])
          return this.store.scan(request)
        },
      },
      ingest: {
        onAccepted: (listener) => {
          this.#hear = listener
          return () => undefined
        },
        onCleared: (listener) => {
          this.#clear = listener
          return () => undefined
        },
        progress: () => ({ appliedOrdinal: 0, targetOrdinal: before.length, inFlight: 0 }),
      },
    })
  }

  accept(count: number, event: Partial<UsageEvent>): void {
    const events = Array.from({ length: count }, () => stored(++this.#ordinal, { timestampMs: this.nowMs, ...event }))
    this.#accepted.push(...events)
    this.#hear(events)
  }
  clear(): void {
    this.#clear()
  }
  pass(ms: number): void {
    this.nowMs += ms
    for (const job of this.#jobs.splice(0)) job()
  }
  states(tenantId?: string): Record<string, string> {
    const { providers } = this.watch.list(tenantId)
    return Object.fromEntries(providers.map(({ provider, state }) => [provider, state]))
  }
}

function stored(ordinal: number, event: Partial<UsageEvent>): StoredEvent {
  const full: UsageEvent = {
    eventId: `e${ordinal}`,
    timestampMs: START,
    kind: event.success === false ? 'llm_request_failed' : 'llm_request_completed',
    provider: 'openai',
    success: true,
    ...event,
  }
  return { ordinal, receivedMs: START, event: full }
}

const FAILED = { success: false, statusCode: 502 } as const

describe('the watch over providers', () => {
  it('tells each tenant of its own requests, and whoever sees all of all of them', () => {
    const scene = new Scene()
    scene.accept(10, { tenantId: 'left' })
    scene.accept(5, { tenantId: 'right', ...FAILED })
    scene.accept(1, { provider: 'groq' })
    expect(scene.states('left')).toEqual({ openai: 'available' })
    expect(scene.states('right')).toEqual({ openai: 'down' })
    expect(scene.states()).toEqual({ groq: 'available', openai: 'degraded' })
    expect(scene.states('nobody')).toEqual({})
  })

  it('takes no notice of what is imported', () => {
    const scene = new Scene()
    scene.accept(10, {})
    scene.accept(1_000, { ...FAILED, timestampMs: START - 60 * MINUTE })
    scene.accept(1_000, { ...FAILED, provider: 'groq', timestampMs: START - 24 * 60 * MINUTE })
    expect(scene.states()).toEqual({ openai: 'available' })
  })

  it('judges while nobody asks, so that a change is told when it was', () => {
    const scene = new Scene()
    scene.accept(10, {})
    scene.pass(5_000)
    scene.accept(20, FAILED)
    scene.pass(5_000)
    scene.pass(10 * MINUTE)
    expect(scene.watch.list(undefined).providers[0]).toMatchObject({
      state: 'down',
      sinceMs: START + 10_000,
      requests: 0,
      changes: [{ to: 'available' }, { from: 'available', to: 'down', requests: 30, failures: 20 }],
    })
  })

  it('watches no more providers than it may, says so, and lets go of those that nobody asks any more', () => {
    const scene = new Scene()
    scene.accept(10, FAILED)
    for (let index = 0; index < 1_000; index++) scene.accept(1, { provider: `made-up-${index}` })
    const full = scene.watch.list(undefined)
    expect(full.providers).toHaveLength(MAX_PROVIDERS)
    expect(full.whole).toBe(false)
    expect(scene.states()).toMatchObject({ openai: 'down' })
    scene.pass(16 * MINUTE)
    scene.accept(1, { provider: 'late' })
    expect(scene.watch.list(undefined)).toMatchObject({ providers: [{ provider: 'late' }], whole: true })
  })

  it('keeps tenants within bounds, whatever they name', () => {
    const scene = new Scene()
    for (let tenant = 0; tenant < 2_000; tenant++)
      for (let index = 0; index < 3; index++) scene.accept(1, { tenantId: `t${tenant}`, provider: `p${index}` })
    let watched = 0
    for (let tenant = 0; tenant < 2_000; tenant++) watched += scene.watch.list(`t${tenant}`).providers.length
    expect(watched).toBe(1_000)
    expect(scene.watch.list('t1999')).toEqual({ providers: [], whole: false })
    scene.pass(16 * MINUTE)
    scene.accept(1, { tenantId: 't1999' })
    expect(scene.states('t1999')).toEqual({ openai: 'available' })
  })

  it('knows after a start what it knew before, and counts nothing twice that comes meanwhile', async () => {
    const before = Array.from({ length: 12 }, (_, index) =>
      stored(index + 1, { ...FAILED, timestampMs: START - MINUTE }),
    )
    let open: () => void = () => undefined
    const scene = new Scene(
      before,
      new Promise((resolve) => {
        open = resolve
      }),
    )
    scene.accept(1, {})
    expect(scene.states()).toEqual({ openai: 'available' })
    open()
    await scene.watch.caughtUp
    expect(scene.watch.list(undefined).providers).toMatchObject([
      { state: 'down', requests: 13, failures: 12, overloads: 0 },
    ])
  })

  it('is blank after everything was removed', () => {
    const scene = new Scene()
    scene.accept(10, { tenantId: 't', ...FAILED })
    scene.clear()
    expect([scene.states(), scene.states('t')]).toEqual([{}, {}])
  })
})
