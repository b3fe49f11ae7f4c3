import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createByteBudget, IncomingBody, readBody } from './body.ts'

const MIB = 1024 * 1024

describe('a body that comes in', () => {
  it('is what was sent, whatever the pieces, and is held in the budget until it is let go', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 40 })
    fc.assert(
      fc.property(pieces, (sent) => {
        const budget = createByteBudget(MIB)
        const body = new IncomingBody(MIB, budget)
        const copies = sent.map((piece) => piece.slice())
        for (const piece of sent) body.add(piece)
        const all = Buffer.concat(copies)
        expect(Buffer.from(body.whole())).toEqual(all)
        expect(budget.held).toBe(all.byteLength)
        // Nothing was written into what belongs to the sender.
        expect(sent).toEqual(copies)
        body.drop()
        expect(budget.held).toBe(0)
      }),
      { seed: 12 },
    )
  })

  it('takes what is at the limit and nothing of the piece beyond it', () => {
    const budget = createByteBudget(MIB)
    const body = new IncomingBody(10, budget)
    body.add(new Uint8Array(6))
    expect(() => body.add(new Uint8Array(5))).toThrow(expect.objectContaining({ code: 'body_too_large' }))
    body.add(new Uint8Array(4))
    expect(() => body.add(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'body_too_large' }))
    expect([body.whole().byteLength, budget.held]).toEqual([10, 10])
  })

  it('I-1: costs its own length, not that of its pieces, when it comes a byte at a time', async () => {
    setFlagsFromString('--expose_gc')
    const collect = runInNewContext('gc') as () => void
    const held = (): number => {
      collect()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return heapUsed + arrayBuffers
    }
    const pieces = 300_000
    let sent = 0
    let enough: () => void = () => undefined
    const waiting = new Promise<void>((resolve) => {
      enough = resolve
    })
    const controllers: ReadableStreamDefaultController<Uint8Array>[] = []
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++ < pieces) return controller.enqueue(new Uint8Array(1))
        controllers.push(controller)
        enough()
        return new Promise(() => undefined)
      },
    })
    const before = held()
    const budget = createByteBudget(MIB)
    const body = readBody(stream, MIB, budget)
    await waiting
    await new Promise((resolve) => setImmediate(resolve))
    expect(budget.held).toBe(pieces)
    expect(held() - before).toBeLessThan(8 * MIB)
    controllers[0]?.close()
    expect((await body).byteLength).toBe(pieces)
  })
})
