import { rmSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { folder } from '../e2e/cli.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'
import { idleMib, readSlowly } from './testing/slow-reader.ts'
import { storeEvents } from './testing/stored-events.ts'

const FROM_MS = Date.UTC(2026, 0, 1)
const EVENTS = 10_000_000
const HOURS = 3_600_000
const data = folder()
afterAll(async () => {
  await endServers()
  rmSync(data, { recursive: true, force: true })
})

it('Q-4: ten million rows to a reader of 1 MB/s keep memory within 100 MB of idle', {
  timeout: 2 * HOURS,
}, async () => {
  await storeEvents(data, EVENTS, FROM_MS)
  const server = await ServerProcess.start(data)
  const range = `start=${FROM_MS / 1000}&end=${FROM_MS / 1000 + 86_400}`
  await (await fetch(`${server.url}/analytics/events?${range}&limit=1`)).arrayBuffer()
  const idle = await idleMib(server)
  const { lines, bytes, peakMib } = await readSlowly(
    server,
    `/analytics/export?format=csv&columns=seed&${range}`,
    1_000_000,
  )
  process.stdout.write(`idle ${idle} MiB, peak ${peakMib} MiB, ${bytes} bytes\n`)
  expect(lines).toBe(EVENTS + 1)
  expect(peakMib - idle).toBeLessThan(100)
})
