import { rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { folder } from '../e2e/cli.ts'
import { lawOf } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

const MINUTES = 10
const SETTLED_AFTER_MINUTES = 3
const EVENTS_A_SECOND = 5_000
const STREAMS = 200
const STALLED = 100
const STALLED_SOCKETS = 50
/** What memory may grow by from the third minute to the tenth, while three million events go by. */
const FLAT_MIB = 100

const data = folder()
const http = new HttpClient(4)
const open = new Set<Socket>()
let over = false

afterAll(async () => {
  over = true
  for (const socket of open) socket.destroy()
  http.close()
  await endServers()
  rmSync(data, { recursive: true, force: true })
})

/** Keeps a connection open on which nothing is read; a server that has had enough of it gets the next one. */
function stall(url: string, request: string): void {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  open.add(socket)
  socket.on('error', () => undefined)
  socket.on('close', () => {
    open.delete(socket)
    if (!over) setTimeout(() => stall(url, request), 1_000)
  })
  socket.write(request)
  socket.once('data', () => socket.pause())
}

/** Counts the ticks that one who reads is given. */
function read(url: string): () => number {
  let ticks = 0
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' })
  open.add(socket)
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    ticks += String(chunk).split('event: tick').length - 1
  })
  socket.write(LIVE)
  return () => ticks
}

const LIVE = 'GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n'
const WEBSOCKET =
  'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n'

it(`D-5: ${STREAMS} streams, half of them never read, for ${MINUTES} minutes of ${EVENTS_A_SECOND} events a second cost no growing memory`, {
  timeout: (MINUTES + 5) * 60_000,
}, async () => {
  const server = await ServerProcess.start(data)
  const readers = Array.from({ length: STREAMS - STALLED }, () => read(server.url))
  for (let index = 0; index < STALLED; index++) stall(server.url, LIVE)
  for (let index = 0; index < STALLED_SOCKETS; index++) stall(server.url, WEBSOCKET)
  let sent = 0
  let settledMib = 0
  const began = Date.now()
  for (let second = 0; second < MINUTES * 60; second++) {
    const events = Array.from({ length: EVENTS_A_SECOND }, () => ({
      event_id: `e${sent++}`,
      model: 'gpt-4o',
      agent_id: sent % 50,
      input_tokens: 10,
    }))
    const parts = [0, 1, 2, 3, 4].map((part) => events.slice(part * 1_000, (part + 1) * 1_000))
    for (const part of parts) {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ events: part })
      const answer = await http.call(`${server.url}/api/v1/events`, { method: 'POST', headers, body })
      expect(answer.status).toBe(200)
    }
    if (second === SETTLED_AFTER_MINUTES * 60) settledMib = server.memory().nowMib
    await sleep(Math.max(0, began + (second + 1) * 1_000 - Date.now()))
  }
  const { nowMib, peakMib } = server.memory()
  const ticks = readers.map((count) => count())
  process.stdout.write(
    `${sent} events in ${Math.round((Date.now() - began) / 1000)} s; after ${SETTLED_AFTER_MINUTES} min ${settledMib} MiB, at the end ${nowMib} MiB, peak ${peakMib} MiB; ticks ${Math.min(...ticks)} to ${Math.max(...ticks)}\n`,
  )
  expect(nowMib - settledMib).toBeLessThan(FLAT_MIB)
  expect(Math.min(...ticks)).toBeGreaterThan(MINUTES * 30)
  expect(await lawOf(http, server.url)).toMatchObject({ balanced: true })
})
