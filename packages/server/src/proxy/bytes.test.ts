import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, constants, createGzip, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ANSWERS, type Recorded } from '../../../core/src/provider/stream/testing/answers.ts'
import { pieces } from '../../../core/src/provider/stream/testing/pieces.ts'
import { expectRead, pathOf } from './testing/answered.ts'
import { openProxied, type Proxied, send } from './testing/proxied.ts'

/** P-4: what comes through the proxy is what the provider sent, and what it used is recorded. */

/** The same answer, packed and cut in another way. */
interface Shape {
  readonly name: string
  readonly recorded: Recorded
  readonly headers: Record<string, string>
  readonly pieces: readonly Uint8Array[]
  readonly length: 'chunked' | 'known'
}

const PACKED: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array, Record<string, string>])[] = [
  ['plain', (bytes) => bytes, {}],
  ['gzip', (bytes) => gzipSync(bytes), { 'content-encoding': 'gzip' }],
  ['br', (bytes) => brotliCompressSync(bytes), { 'content-encoding': 'br' }],
]
/** Places that move with the answer: any number of any size. */
const CUTS: readonly (readonly [string, (length: number) => readonly number[]])[] = [
  ['whole', () => []],
  ['in the middle', (length) => [Math.floor(length / 2)]],
  ['into many', (length) => Array.from({ length: 12 }, (_, index) => (index * 7919 + length) % Math.max(1, length))],
  ['off its ends', (length) => [1, 2, length - 2, length - 1]],
]

const SHAPES: readonly Shape[] = ANSWERS.flatMap((recorded) =>
  PACKED.flatMap(([packing, pack, headers]) =>
    CUTS.map(([cut, places], index): Shape => {
      const bytes = pack(recorded.bytes)
      return {
        name: `${recorded.name}, ${packing}, ${cut}`,
        recorded,
        headers,
        pieces: pieces(bytes, places(bytes.length)),
        length: index === 0 ? 'known' : 'chunked',
      }
    }),
  ),
)

const providers = [...new Set(ANSWERS.map(({ provider }) => provider))]
let proxied: Proxied

beforeAll(async () => {
  proxied = await openProxied()
})
afterAll(() => proxied.close())

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('bytes', () => {
  it(`are the same with and without the proxy, over ${SHAPES.length} shapes`, async () => {
    expect(SHAPES.length).toBeGreaterThanOrEqual(200)
    const wrong: string[] = []
    for (const [index, shape] of SHAPES.entries()) {
      proxied.standIn.answer = answerOf(shape)
      const headers = { 'x-tallystick-agent': `shape-${index}`, 'content-type': 'application/json' }
      const body = '{"model":"m","stream":true}'
      const direct = await send(`${proxied.standIn.url}/v1/chat/completions`, { headers, body })
      const through = await send(`${proxied.url}/proxy/up/v1/chat/completions`, { headers, body })
      const same =
        hash(direct.body) === hash(through.body) &&
        through.status === direct.status &&
        through.message === direct.message &&
        JSON.stringify(endToEnd(through.rawHeaders)) === JSON.stringify(endToEnd(direct.rawHeaders))
      if (!same) wrong.push(shape.name)
    }
    expect(wrong).toEqual([])
  })

  it.each(providers)('of %s are read on the way, however they are packed and cut', async (provider) => {
    const here = await openProxied({}, provider)
    try {
      const own = SHAPES.filter(({ recorded }) => recorded.provider === provider)
      for (const [index, shape] of own.entries()) {
        here.standIn.answer = answerOf(shape)
        await send(`${here.url}/proxy/up${pathOf(provider)}`, {
          headers: { 'x-tallystick-agent': `shape-${index}`, 'content-type': 'application/json' },
          body: '{"model":"m"}',
        })
      }
      const events = new Map((await here.events()).map((event) => [event['agent_id'], event]))
      expect(events.size).toBe(own.length)
      for (const [index, { name, recorded }] of own.entries()) {
        expectRead(events.get(`shape-${index}`) ?? {}, recorded, name)
      }
    } finally {
      await here.close()
    }
  })
})

function answerOf(shape: Shape): Proxied['standIn']['answer'] {
  return async (request, response) => {
    request.resume()
    const size = shape.pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
    response.writeHead(200, {
      'Content-Type': shape.recorded.contentType,
      'X-Ratelimit-Remaining': '7',
      ...shape.headers,
      ...(shape.length === 'known' ? { 'Content-Length': size } : {}),
    })
    for (const piece of shape.pieces) {
      response.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.end()
  }
}

/** All but what belongs to the connection. */
const endToEnd = (raw: readonly string[]): readonly string[] => {
  const kept: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const [name, value] = [raw[at] as string, raw[at + 1] as string]
    const skipped = ['connection', 'keep-alive', 'transfer-encoding', 'date']
    if (!skipped.includes(name.toLowerCase())) kept.push(`${name}: ${value}`)
  }
  return kept
}

describe('a stream', () => {
  it('passes piece by piece: each is there before the next is sent, compressed or not', async () => {
    for (const encoding of ['identity', 'gzip']) {
      let next: (() => void) | undefined
      const arrivals: number[] = []
      proxied.standIn.answer = async (request, response) => {
        request.resume()
        response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding })
        response.flushHeaders()
        const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH })
        if (encoding === 'gzip') gzip.pipe(response)
        for (let index = 0; index < 5; index++) {
          const seen = new Promise<void>((resolve) => {
            next = resolve
          })
          ;(encoding === 'gzip' ? gzip : response).write(`data: {"id":"${index}"}\n\n`)
          await seen
        }
        ;(encoding === 'gzip' ? gzip : response).end()
      }
      const response = await fetch(`${proxied.url}/proxy/up/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"model":"m","stream":true}',
      })
      for await (const _ of response.body as ReadableStream<Uint8Array>) {
        arrivals.push(arrivals.length)
        next?.()
      }
      expect(arrivals.length).toBeGreaterThanOrEqual(5)
    }
  })

  it('shows its head before anything of its body', async () => {
    let finish: (() => void) | undefined
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      finish = () => response.end()
    }
    const response = await fetch(`${proxied.url}/proxy/up/v1/chat/completions`, { method: 'POST', body: '{}' })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    finish?.()
    await response.text()
  })

  it('is no faster than it is read', async () => {
    const chunk = Buffer.alloc(64 * 1024, 0x20)
    let written = 0
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/plain' })
      const more = (): void => {
        while (written < 200 * 1024 * 1024) {
          written += chunk.byteLength
          if (!response.write(chunk)) {
            response.once('drain', more)
            return
          }
        }
        response.end()
      }
      more()
    }
    const response = await fetch(`${proxied.url}/proxy/up/v1/chat/completions`, { method: 'POST', body: '{}' })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await stands(() => written)
    // What the sockets of two connections hold, and no more.
    expect(written).toBeLessThan(60 * 1024 * 1024)
    await reader.cancel()
  })
})

describe('an upload', () => {
  it('is taken from the client no faster than the upstream reads it, and arrives whole', async () => {
    const size = 64 * 1024 * 1024
    const piece = Buffer.alloc(64 * 1024, 'prompt ')
    let read: () => void = () => undefined
    let arrived = 0
    proxied.standIn.answer = (request, response) => {
      read = () => {
        request.on('data', (chunk: Buffer) => {
          arrived += chunk.byteLength
        })
        request.on('end', () => response.end('{}'))
      }
    }
    const before = process.memoryUsage().arrayBuffers
    let taken = 0
    const answered = new Promise<number>((resolve, reject) => {
      const outgoing = httpRequest(`${proxied.url}/proxy/up/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': String(size) },
      })
      outgoing.on('response', (incoming) => incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0)))
      outgoing.on('error', reject)
      // One at a time: what is taken has left the client.
      const more = (): void => {
        outgoing.write(piece, () => {
          taken += piece.byteLength
          if (taken < size) more()
          else outgoing.end()
        })
      }
      more()
    })
    await stands(() => taken)
    // What the sockets of two connections hold, and no more.
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(size / 2)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
    read()
    expect(await answered).toBe(200)
    expect(arrived).toBe(size)
  })
})

/** Until it has not moved for a while: that nothing more happens shows in no other way. */
async function stands(figure: () => number): Promise<void> {
  for (let quiet = 0, before = figure(); quiet < 10; ) {
    await sleep(30)
    const now = figure()
    quiet = now === before && now > 0 ? quiet + 1 : 0
    before = now
  }
}
