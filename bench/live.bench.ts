import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { line, machine, option, quantile } from './report.ts'
import { startTallystick } from './servers.ts'

/**
 * From sending an event to its message at WebSocket clients: whole way (request, journal, fsync, message) and from its
 * acceptance alone, both on this machine's clock.
 *
 *   npm run bench -- live [--events 500] [--clients 10] [--pause 10]
 */
const events = Number(option('events', '500'))
const clients = Number(option('clients', '10'))
const pauseMs = Number(option('pause', '10'))
console.log(machine())
const server = await startTallystick()

interface Told {
  readonly type: string
  readonly timestamp: string
  readonly data: { readonly event_id: string }
}

const sentMs = new Map<string, number>()
const whole: number[] = []
const after: number[] = []
const sockets = await Promise.all(
  Array.from({ length: clients }, async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`)
    await new Promise((resolve) => socket.once('open', resolve))
    const entered = new Promise((resolve) => socket.once('message', resolve))
    socket.on('message', (data) => {
      const { type, timestamp, data: told } = JSON.parse(String(data)) as Told
      if (type !== 'AGENT_EVENT') return
      whole.push(performance.now() - (sentMs.get(told.event_id) as number))
      after.push(Date.now() - Date.parse(timestamp))
    })
    socket.send('{"token":"bench"}')
    await entered
    return socket
  }),
)
for (let index = 0; index < events; index++) {
  const event = {
    event_id: `live-${index}`,
    model: 'gpt-4o',
    agent_id: index % 20,
    input_tokens: 1000,
    output_tokens: 100,
  }
  sentMs.set(event.event_id, performance.now())
  const response = await fetch(`${server.url}/api/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  })
  await response.arrayBuffer()
  await sleep(pauseMs)
}
while (whole.length < events * clients) await sleep(10)
for (const [name, values] of [
  ['from sending', whole],
  ['from acceptance', after],
] as const)
  line(name, { 'ms p50': quantile(values, 0.5), p99: quantile(values, 0.99), worst: Math.max(...values), clients })
for (const socket of sockets) socket.terminate()
await server.stop()
