import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { stopOnExit } from './lifecycle.ts'
import { rig } from './testing/rig.ts'
import { settled } from './testing/virtual-time.ts'

/** A process that can be asked to end without ending. */
class FakeProcess extends EventEmitter {
  readonly pid = 42
  readonly killed: string[] = []

  kill(_pid: number, signal: string): void {
    this.killed.push(signal)
  }
}

const processOf = (): FakeProcess => {
  const fake = new FakeProcess()
  vi.stubGlobal('process', fake)
  return fake
}

afterEach(() => vi.unstubAllGlobals())

describe('stopping on exit', () => {
  it('flushes on SIGTERM, then lets the process end by it', async () => {
    const { client, store, server } = rig()
    const fake = processOf()
    stopOnExit(client, { timeoutMs: 1_000 })
    store.record()
    fake.emit('SIGTERM')
    expect(fake.killed).toEqual([])
    await settled()
    expect([server.events.size, fake.killed]).toEqual([1, ['SIGTERM']])
    expect(fake.eventNames()).toEqual([])
  })

  it('leaves the end to an application that listens too', async () => {
    const { client, store, server } = rig()
    const fake = processOf()
    fake.on('SIGINT', () => undefined)
    stopOnExit(client, { signals: ['SIGTERM', 'SIGINT'] })
    store.record()
    fake.emit('SIGINT')
    await settled()
    expect([server.events.size, fake.killed]).toEqual([1, []])
  })

  it('flushes before a process ends that has nothing left to do', async () => {
    const { client, store, server } = rig()
    const fake = processOf()
    stopOnExit(client)
    store.record()
    fake.emit('beforeExit')
    await settled()
    expect([server.events.size, fake.killed]).toEqual([1, []])
  })

  it('can be called off, and does nothing where there is no process', async () => {
    const { client, store, server } = rig()
    const fake = processOf()
    stopOnExit(client)()
    expect(fake.eventNames()).toEqual([])
    vi.stubGlobal('process', undefined)
    stopOnExit(client)()
    vi.stubGlobal('process', { platform: 'browser' })
    stopOnExit(client)()
    store.record()
    await settled()
    expect(server.events.size).toBe(0)
  })
})
