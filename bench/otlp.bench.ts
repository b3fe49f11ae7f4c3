import { Agent, request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { spanBody } from './otlp-body.ts'
import { line, machine, option, quantile, usageOf } from './report.ts'
import { type Server, startTallystick } from './servers.ts'

/**
 * Spans a second that are counted, journaled and synced, over HTTP from exporters on the same cores, beside what decoding the
 * same bodies takes alone.
 *
 *   npm run bench -- otlp [--seconds 10] [--spans 512] [--connections 4] [--gzip 0]
 */
const seconds = Number(option('seconds', '10'))
const spans = Number(option('spans', '512'))
const connections = Number(option('connections', '4'))
const gzip = option('gzip', '0') === '1'
const TARGET = 30_000

interface Readers {
  readonly protobufSpans: (body: Uint8Array) => Iterable<unknown>
}

console.log(machine())
const sample = spanBody(spans, Date.now())
line('body', { spans, bytes: sample.bytes.byteLength, 'bytes/span': sample.bytes.byteLength / spans })

const decoded = await decoding(Math.max(1, seconds / 4))
line('decoding alone', { 'spans/s': decoded.rate, 'CPU us/span': decoded.cpuMicros })

const server = await startTallystick()
await load(server, Math.min(3, seconds / 2))
const before = usageOf(server.pid).cpuSeconds
const { taken, elapsed, times, refused } = await load(server, seconds)
const cpu = usageOf(server.pid).cpuSeconds - before
const rate = taken / elapsed
line('durable over HTTP', {
  'spans/s': rate,
  'of decoding': rate / decoded.rate,
  'of target': rate / TARGET,
  'p50 ms': quantile(times, 0.5),
  'p99 ms': quantile(times, 0.99),
  refused,
})
line('server', { 'CPU us/span': (cpu / taken) * 1e6, 'RSS MB': usageOf(server.pid).rssMb })
const { counted, lag } = await countedBy(server)
line('counted', { events: counted, 'lag at the end': lag })
await server.stop()

async function decoding(forSeconds: number): Promise<{ rate: number; cpuMicros: number }> {
  // The reader itself, as the server has it; no part of what the package exports.
  const { protobufSpans } = (await import(
    new URL('../../packages/server/dist/format/otlp/read-protobuf.js', import.meta.url).href
  )) as Readers
  const body = spanBody(spans, Date.now())
  const run = (forMs: number): number => {
    let read = 0
    const until = performance.now() + forMs
    while (performance.now() < until) for (const _ of protobufSpans(body.bytes)) read++
    return read
  }
  run(500)
  const started = performance.now()
  const before = process.cpuUsage()
  const read = run(forSeconds * 1000)
  const { user, system } = process.cpuUsage(before)
  return { rate: read / ((performance.now() - started) / 1000), cpuMicros: (user + system) / read }
}

async function load(
  { port }: Server,
  forSeconds: number,
): Promise<{ taken: number; elapsed: number; times: number[]; refused: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const started = performance.now()
  const until = started + forSeconds * 1000
  const times: number[] = []
  let taken = 0
  let refused = 0
  const one = async (): Promise<void> => {
    const body = spanBody(spans, Date.now())
    while (performance.now() < until) {
      body.renew()
      const bytes = gzip ? gzipSync(body.bytes, { level: 1 }) : body.bytes
      const from = performance.now()
      const status = await post(agent, port, bytes)
      times.push(performance.now() - from)
      if (status === 200) taken += spans
      else refused++
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  agent.destroy()
  return { taken, elapsed: (performance.now() - started) / 1000, times, refused }
}

function post(agent: Agent, port: number, bytes: Uint8Array): Promise<number> {
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-length': bytes.byteLength,
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  }
  return new Promise((resolve, reject) => {
    const sent = request(
      { agent, port, host: '127.0.0.1', path: '/v1/traces', method: 'POST', headers },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      },
    )
    sent.on('error', reject)
    sent.end(bytes)
  })
}

async function countedBy({ url }: Server): Promise<{ counted: number; lag: number }> {
  const status = (await (await fetch(`${url}/api/v1/status`)).json()) as { store: { lag_events: number } }
  const answer = await fetch(`${url}/api/v1/query?consistency=applied`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ measures: ['requests'] }),
  })
  const { rows } = (await answer.json()) as { rows: { requests: number }[] }
  return { counted: rows[0]?.requests ?? 0, lag: status.store.lag_events }
}
