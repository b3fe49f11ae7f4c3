import type { LookupFunction } from 'node:net'
import { systemClock } from '@tallystick/core/event'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Receiver, startReceiver } from '../testing/receiver.ts'
import { hostPolicy } from './hosts.ts'
import { createPost, type PostOptions } from './post.ts'

let receiver: Receiver
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const post = (allowed: readonly string[], options: Partial<PostOptions> = {}): ReturnType<typeof createPost> =>
  createPost({ hosts: hostPolicy(allowed), clock: systemClock, timeoutMs: 2_000, ...options })

/** A resolver that answers each question with the next of its answers. */
function resolver(...answers: readonly (readonly string[])[]): LookupFunction & { asked: string[] } {
  const asked: string[] = []
  const lookup: LookupFunction = (hostname, _options, callback) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(hostname)
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return Object.assign(lookup, { asked })
}

describe('where messages go (R-5)', () => {
  test('a listed host gets the body as it is', async () => {
    expect(await post(['127.0.0.1'])(receiver.url, { 'X-One': '1' }, '{"a":"ä"}')).toEqual({
      ok: true,
      detail: 'answered 204',
    })
    expect(receiver.received).toMatchObject([
      { path: '/hook/SECRET-PATH', body: '{"a":"ä"}', headers: { 'content-type': 'application/json', 'x-one': '1' } },
    ])
  })

  test('this machine and everything private is refused unless it is listed, and gets nothing', async () => {
    for (const url of [
      receiver.url,
      `http://localhost:${receiver.port}/`,
      `http://0x7f000001:${receiver.port}/`,
      `http://[::ffff:127.0.0.1]:${receiver.port}/`,
    ])
      expect(await post([])(url, {}, '{}'), url).toMatchObject({ ok: false, final: true })
    expect(receiver.received).toEqual([])
  })

  test('a name that stands for a private address is refused when it connects', async () => {
    const outcome = await post([], { lookup: resolver(['127.0.0.1']) })(
      `http://innocent.example.com:${receiver.port}/`,
      {},
      '{}',
    )
    expect(outcome).toEqual({ ok: false, final: true, detail: 'the host stands for an address that is not permitted' })
    expect(receiver.received).toEqual([])
  })

  test('one forbidden address among public ones is enough', async () => {
    const outcome = await post([], { lookup: resolver(['93.184.216.34', '169.254.169.254']) })(
      'http://innocent.example.com/',
      {},
      '{}',
    )
    expect(outcome).toMatchObject({ ok: false, final: true })
  })

  test('a name is asked for once: an answer that changes after the check is never heard', async () => {
    const lookup = resolver(['127.0.0.1'], ['169.254.169.254'])
    const send = post(['rebinding.example.com'], { lookup })
    expect(await send(`http://rebinding.example.com:${receiver.port}/`, {}, '{}')).toMatchObject({ ok: true })
    expect(lookup.asked).toEqual(['rebinding.example.com'])
    // And the next message is checked anew.
    expect(await send(`http://rebinding.example.com:${receiver.port}/`, {}, '{}')).toMatchObject({
      ok: false,
      final: true,
    })
    expect(receiver.received).toHaveLength(1)
  })

  test('a redirect is not followed, not even to where it might go', async () => {
    receiver.answer = (response) =>
      void response.writeHead(307, { location: `http://127.0.0.1:${receiver.port}/other` }).end()
    expect(await post(['127.0.0.1'])(receiver.url, {}, '{}')).toEqual({
      ok: false,
      detail: 'answered 307; redirects are not followed',
    })
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook/SECRET-PATH'])
  })
})

describe('what comes back (R-5)', () => {
  test('an endless answer is cut off, and its status counts', async () => {
    let written = 0
    let cut = (): void => undefined
    const closed = new Promise<void>((resolve) => {
      cut = resolve
    })
    receiver.answer = (response) => {
      response.writeHead(200)
      const more = (): void => {
        if (response.destroyed) return
        written += 16_384
        if (response.write(Buffer.alloc(16_384))) setImmediate(more)
        else response.once('drain', more)
      }
      response.once('close', cut)
      more()
    }
    expect(await post(['127.0.0.1'])(receiver.url, {}, '{}')).toMatchObject({ ok: true })
    await closed
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  test('no answer in time is a failure that can be tried again', async () => {
    receiver.answer = () => undefined
    expect(await post(['127.0.0.1'], { timeoutMs: 50 })(receiver.url, {}, '{}')).toEqual({
      ok: false,
      detail: 'no answer within 50 ms',
    })
  })

  test('Retry-After is told, in seconds or as a date, and 410 is final', async () => {
    receiver.answer = (response) => void response.writeHead(429, { 'retry-after': '120' }).end()
    expect(await post(['127.0.0.1'])(receiver.url, {}, '{}')).toEqual({
      ok: false,
      detail: 'answered 429',
      retryAfterMs: 120_000,
    })
    receiver.answer = (response) =>
      void response.writeHead(503, { 'retry-after': new Date(systemClock.now() + 3_600_000_000).toUTCString() }).end()
    expect(await post(['127.0.0.1'])(receiver.url, {}, '{}')).toMatchObject({ retryAfterMs: 3_600_000 })
    receiver.answer = (response) => void response.writeHead(410).end()
    expect(await post(['127.0.0.1'])(receiver.url, {}, '{}')).toEqual({
      ok: false,
      final: true,
      detail: 'answered 410',
    })
  })

  test('a failure names a code and nothing of the address (S-1)', async () => {
    await receiver.close()
    const outcome = await post(['127.0.0.1'])(receiver.url, {}, '{}')
    expect(outcome).toEqual({ ok: false, detail: 'failed: ECONNREFUSED' })
  })
})
