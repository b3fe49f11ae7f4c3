import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { documentOf, NOW, type RoutiiumServer, startRoutiium } from './testing/routiium-server.ts'

const EVENTS = 40_000
const servers: RoutiiumServer[] = []
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
})

const answerOf = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get(url, resolve).on('error', reject))

it('Q-4: reads no further than a stalled client can take, and goes on where it stopped', async () => {
  const server = await startRoutiium('memory:?max_events=100000')
  servers.push(server)
  const { store } = server.tallystick
  await server.record(
    Array.from({ length: EVENTS }, (_, index) => documentOf({ id: `e${index}`, timestamp: NOW - (index % 3_000) })),
  )
  let scans = 0
  const { scan } = store
  store.scan = (request) => {
    scans++
    return scan.call(store, request)
  }
  const response = await answerOf(`${server.url}/analytics/events`)
  response.pause()
  let before = -1
  while (scans !== before) {
    before = scans
    await sleep(500)
  }
  // What the sockets between the two hold is a few MB; the whole list is some 50 MB on forty pages.
  expect(scans).toBeLessThan(24)
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) text += chunk
  const body = JSON.parse(text) as { events: unknown[]; count: number }
  expect([body.events.length, body.count]).toEqual([EVENTS, EVENTS])
  expect(scans).toBe(EVENTS / 1_000)
})
