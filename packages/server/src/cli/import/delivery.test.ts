import { describe, expect, it, vi } from 'vitest'
import type { Mark } from '../../import/record.ts'
import { BATCH_EVENTS, Delivery } from './delivery.ts'
import { ImportTally } from './tally.ts'

/** A server whose answers a test gives one by one. */
function server() {
  const waiting: { readonly count: number; readonly answer: (response: Response) => void }[] = []
  return {
    waiting,
    connection: {
      url: undefined,
      call: (_: string, init?: RequestInit) =>
        new Promise<Response>((answer) => {
          waiting.push({ count: (JSON.parse(String(init?.body)) as unknown[]).length, answer })
        }),
      close: async () => undefined,
    },
    accept(index: number) {
      const { count, answer } = waiting[index] as (typeof waiting)[number]
      answer(Response.json({ received: count, accepted: count, duplicate: 0, conflict: 0, rejected: [] }))
    },
  }
}

const turns = () => new Promise((resolve) => setTimeout(resolve, 5))
const mark = (key: string): Mark => ({ key, value: 1 })

function give(delivery: Delivery, count: number): void {
  for (let at = 0; at < count; at++) void delivery.add({ timestamp_ms: at }, `line ${at}`)
}

describe('delivering events', () => {
  it('passes a mark on only when all that was given before it is acknowledged, whatever is answered first', async () => {
    const { connection, accept } = server()
    const passed: string[] = []
    const delivery = new Delivery(connection, new ImportTally(), ({ key }) => passed.push(key))
    delivery.mark(mark('nothing before it'))
    give(delivery, BATCH_EVENTS + 200)
    delivery.mark(mark('in the second batch'))
    give(delivery, BATCH_EVENTS - 200)
    delivery.mark(mark('at the end of the second batch'))
    give(delivery, 1)
    const ended = delivery.end()
    expect(passed).toEqual(['nothing before it'])
    accept(1)
    await turns()
    expect(passed).toEqual(['nothing before it'])
    accept(0)
    await turns()
    expect(passed.slice(1)).toEqual(['in the second batch', 'at the end of the second batch'])
    accept(2)
    await ended
  })

  it('never passes a mark on behind a batch that failed, and throws what it failed with', async () => {
    const { connection, waiting, accept } = server()
    const passed: string[] = []
    const delivery = new Delivery(connection, new ImportTally(), ({ key }) => passed.push(key))
    give(delivery, BATCH_EVENTS)
    delivery.mark(mark('first'))
    give(delivery, BATCH_EVENTS)
    delivery.mark(mark('second'))
    waiting[0]?.answer(Response.json({ code: 'forbidden', detail: 'no' }, { status: 403 }))
    accept(1)
    await expect(delivery.end()).rejects.toMatchObject({ code: 'forbidden' })
    expect(passed).toEqual([])
  })

  it('sends a batch again that was refused for a reason that may pass', async () => {
    const { connection, waiting, accept } = server()
    const tally = new ImportTally()
    const delivery = new Delivery(connection, tally)
    give(delivery, 3)
    const ended = delivery.end()
    waiting[0]?.answer(Response.json({ code: 'disk_full', detail: 'no room' }, { status: 507 }))
    await vi.waitFor(() => expect(waiting).toHaveLength(2))
    accept(1)
    await ended
    expect(tally.accepted).toBe(3)
  })

  it('lets a few batches be under way and no more', async () => {
    const { connection, waiting, accept } = server()
    const delivery = new Delivery(connection, new ImportTally())
    for (let at = 1; at < 4 * BATCH_EVENTS; at++) expect(delivery.add({}, '')).toBeUndefined()
    const full = delivery.add({}, '')
    expect(full).toBeInstanceOf(Promise)
    expect(waiting).toHaveLength(4)
    accept(2)
    await full
    for (const index of [0, 1, 3]) accept(index)
    await delivery.end()
  })

  it('sends in halves what is too much for a server', async () => {
    const { connection, waiting } = server()
    const tally = new ImportTally()
    const passed: string[] = []
    const delivery = new Delivery(connection, tally, ({ key }) => passed.push(key))
    give(delivery, 5)
    delivery.mark(mark('behind both halves'))
    const ended = delivery.end()
    waiting[0]?.answer(Response.json({ code: 'too_many_events', detail: 'at most 3' }, { status: 413 }))
    await vi.waitFor(() => expect(waiting).toHaveLength(2))
    waiting[1]?.answer(Response.json({ accepted: 2, duplicate: 0, conflict: 0, rejected: [] }))
    await vi.waitFor(() => expect(waiting).toHaveLength(3))
    expect(passed).toEqual([])
    const rejected = [{ index: 2, code: 'out_of_range', message: 'too much', field: 'input_tokens' }]
    waiting[2]?.answer(Response.json({ accepted: 2, duplicate: 0, conflict: 0, rejected }))
    await ended
    expect(passed).toEqual(['behind both halves'])
    expect(tally).toMatchObject({ accepted: 4, rejected: 1 })
    expect(tally.rejections[0]?.where).toBe('line 4')
  })

  it('says where a refused event stood', async () => {
    const { connection, waiting } = server()
    const tally = new ImportTally()
    const delivery = new Delivery(connection, tally)
    give(delivery, 3)
    const ended = delivery.end()
    const rejected = [{ index: 1, code: 'out_of_range', message: 'too much', field: 'input_tokens' }]
    waiting[0]?.answer(Response.json({ accepted: 1, duplicate: 1, conflict: 0, rejected }))
    await ended
    expect(tally).toMatchObject({ accepted: 1, duplicate: 1, rejected: 1, fromMs: 0, toMs: 2 })
    expect(tally.rejections).toEqual([
      { where: 'line 1', code: 'out_of_range', message: 'too much', field: 'input_tokens' },
    ])
    expect([...tally.byCode]).toEqual([['out_of_range', 1]])
  })
})
