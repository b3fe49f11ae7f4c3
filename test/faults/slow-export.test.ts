import { rmSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { folder } from '../e2e/cli.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'
import { idleMib, readSlowly } from './testing/slow-reader.ts'
import { storeEvents } from './testing/stored-events.ts'

const FROM_MS = Date.UTC(2026, 0, 1)
const EVENTS = 40_000
const data = folder()
afterAll(async () => {
  await endServers()
  rmSync(data, { recursive: true, force: true })
})

it('Q-4: an export to a slow reader takes the room of a few pages, not of the file', { timeout: 180_000 }, async () => {
  await storeEvents(data, EVENTS, FROM_MS)
  const server = await ServerProcess.start(data)
  const range = `start=${FROM_MS / 1000}&end=${FROM_MS / 1000 + 3_600}`
  expect(await (await fetch(`${server.url}/analytics/events?${range}&limit=1`)).json()).toMatchObject({ count: 1 })
  const idle = await idleMib(server)
  const { lines, bytes, peakMib } = await readSlowly(server, `/analytics/export?format=csv&${range}`, 4_000_000)
  expect(lines).toBe(EVENTS + 1)
  expect(bytes).toBeGreaterThan(5_000_000)
  // Both threads let garbage fill their young generations first, whatever the file is long.
  expect(peakMib - idle).toBeLessThan(150)
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  expect(await server.stop()).toBe(0)
})
