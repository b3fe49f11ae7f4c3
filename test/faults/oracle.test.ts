import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { HttpClient } from './testing/http-client.ts'
import { Oracle } from './testing/oracle.ts'

/** What is wrong with a server. */
interface Fault {
  /** Ids it has been told and has forgotten again. */
  readonly forgets?: (id: string) => boolean
  readonly answers?: (count: number) => object
}

let server: Server | undefined
const client = new HttpClient(2)
afterEach(async () => {
  client.close()
  await new Promise((resolve) => server?.close(resolve))
})

/** A server that recognises ids, but for its fault. */
async function serve({ forgets = () => false, answers }: Fault): Promise<string> {
  const known = new Set<string>()
  const listening = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const ids = (JSON.parse(text) as { events: { event_id: string }[] }).events.map((event) => event.event_id)
      const results = ids.map((id) => {
        const status = known.has(id) ? 'duplicate' : 'accepted'
        if (!forgets(id)) known.add(id)
        return { event_id: id, status }
      })
      const accepted = results.filter(({ status }) => status === 'accepted').length
      const sum = {
        received: ids.length,
        accepted,
        duplicate: ids.length - accepted,
        conflict: 0,
        rejected: [],
        results,
      }
      response.end(JSON.stringify({ ...sum, ...answers?.(ids.length) }))
    })
  })
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

async function brokenPromises(fault: Fault): Promise<readonly string[]> {
  const url = await serve(fault)
  const oracle = new Oracle(1, 1_700_000_000_000)
  const over = new AbortController()
  const loading = [oracle.load(client, url, over.signal), oracle.load(client, url, over.signal)]
  await expect.poll(() => oracle.duplicates, { timeout: 10_000, interval: 5 }).toBeGreaterThan(100)
  over.abort()
  await Promise.all(loading)
  return oracle.broken
}

describe('the oracle', () => {
  test('has nothing to say against a server that does as it says', async () => {
    expect(await brokenPromises({})).toEqual([])
  })

  test('catches one that forgets an id it has acknowledged', async () => {
    expect((await brokenPromises({ forgets: (id) => id.endsWith('7') })).join()).toMatch(/accepted (anew|twice)/)
  })

  test('catches one whose counts do not add up', async () => {
    const broken = await brokenPromises({ answers: (count) => ({ received: count + 1 }) })
    expect(broken[0]).toContain('was answered')
  })
})
