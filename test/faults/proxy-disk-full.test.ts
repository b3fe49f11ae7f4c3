import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { completion, openStandIn, type StandIn } from '../../packages/server/src/proxy/testing/proxied.ts'
import { HttpClient } from './testing/http-client.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'
import { noSmallDisk, SmallDisk } from './testing/small-disk.ts'

if (noSmallDisk !== undefined) console.warn(`A proxy on a full disk is not tested: it ${noSmallDisk}.`)

interface Recording {
  readonly recorded: number
  readonly failed: number
  readonly dropped: number
  readonly pending: number
}

/** P-7: what cannot be recorded has been answered all the same. */
describe.skipIf(noSmallDisk !== undefined)('a proxy whose disk is full', () => {
  const client = new HttpClient(4)
  let disk: SmallDisk | undefined
  let standIn: StandIn | undefined
  let storeDir: string | undefined
  afterEach(async () => {
    await endServers()
    await standIn?.close()
    disk?.remove()
    if (storeDir !== undefined) rmSync(storeDir, { recursive: true })
  })

  test('in the middle of streams: each is whole to the byte, the loss is counted, and with space again they are kept', async () => {
    const small = new SmallDisk(64)
    disk = small
    const provider = await openStandIn()
    standIn = provider
    // On a disk of its own: what the server says of itself asks the store.
    storeDir = mkdtempSync(join(tmpdir(), 'proxy-store-'))
    const store = ['--store', `duckdb:${join(storeDir, 'tallystick.duckdb')}`]
    const server = await ServerProcess.start(join(small.path, 'data'), store, {
      TALLYSTICK_PROXY_UPSTREAMS: `up=${provider.url} provider=openai private`,
    })
    const path = `${server.url}/proxy/up/v1/chat/completions`
    const recording = async (): Promise<Recording> => {
      const { json } = await client.call(`${server.url}/api/v1/status`)
      return (json as { proxy: { recording: Recording } }).proxy.recording
    }
    /** Once nothing is under way any more. */
    const settled = async (): Promise<Recording> => {
      await expect.poll(async () => (await recording()).pending, { timeout: 20_000 }).toBe(0)
      return recording()
    }

    let number = 0
    const whole = (): void => {
      provider.answer = (request, response) => {
        request.resume()
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(completion(`disk-${number++}`))
      }
    }
    whole()
    expect((await client.post(path, '{"model":"gpt-4o"}')).status).toBe(200)
    await expect.poll(async () => (await recording()).recorded, { timeout: 20_000 }).toBe(1)

    // Four streams have begun when the disk fills up, and end while it is full.
    const sent = new Map<string, string>()
    let begun = 0
    let goOn: () => void = () => undefined
    const full = new Promise<void>((resolve) => {
      goOn = resolve
    })
    provider.answer = async (request, response) => {
      request.resume()
      const id = `disk-${number++}`
      const hash = createHash('sha256')
      const write = (text: string): void => {
        hash.update(text)
        response.write(text)
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-id': id })
      for (let index = 0; index < 50; index++) {
        write(`data: {"id":"${id}","model":"gpt-4o","choices":[{"delta":{"content":"${'x'.repeat(index * 40)}"}}]}\n\n`)
        if (index !== 25) continue
        begun++
        await full
      }
      write(
        `data: {"id":"${id}","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n`,
      )
      write('data: [DONE]\n\n')
      sent.set(id, hash.digest('hex'))
      response.end()
    }
    const streams = Array.from({ length: 4 }, () => client.post(path, '{"model":"gpt-4o","stream":true}'))
    await expect.poll(() => begun, { timeout: 20_000 }).toBe(4)
    small.fill()
    goOn()
    for (const { status, headers, text } of await Promise.all(streams)) {
      expect(status).toBe(200)
      expect(createHash('sha256').update(text).digest('hex')).toBe(sent.get(String(headers['x-id'])))
    }
    whole()
    // Until nothing is recorded any more: what the journal had room for before is kept.
    for (let asked = 0; (await settled()).failed === 0; asked++) {
      expect(asked).toBeLessThan(1_000)
      expect((await client.post(path, '{"model":"gpt-4o"}')).status).toBe(200)
    }
    const lost = await settled()
    expect(lost.recorded + lost.failed + lost.dropped).toBe(number)
    expect(server.alive).toBe(true)

    small.free()
    let asked = 0
    await expect
      .poll(
        async () => {
          asked++
          expect((await client.post(path, '{"model":"gpt-4o"}')).status).toBe(200)
          return (await settled()).recorded
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(lost.recorded)
    const after = await settled()
    expect(after.recorded + after.failed + after.dropped).toBe(number)
    expect(after.failed).toBe(lost.failed + asked - (after.recorded - lost.recorded))
    const { json } = await client.call(`${server.url}/api/v1/events?consistency=applied&limit=1000`)
    expect((json as { events: unknown[] }).events).toHaveLength(after.recorded)
    expect(await server.stop()).toBe(0)
  }, 120_000)
})
