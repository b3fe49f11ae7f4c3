import { connect, type Socket } from 'node:net'

/**
 * A load generator that costs little: HTTP/1.1 over plain sockets, one request in flight a connection, bodies made once and
 * only their ids, instants and token counts overwritten in place. It shares two cores with what it measures.
 */
export interface LoadOptions {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly batch: number
  readonly seconds: number
  /** An API key to show; none when absent. */
  readonly key?: string
}

export interface LoadResult {
  readonly events: number
  readonly requests: number
  readonly refused: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU seconds that this generator took. */
  readonly cpuSeconds: number
}

const MODELS = [
  'gpt-4o',
  'gpt-4o-mini',
  'claude-sonnet-4-5',
  'gemini-2.5-pro',
  'o3',
  'claude-haiku-4-5',
  'gpt-5',
  'mistral-large-latest',
]
const PROVIDERS = ['openai', 'openai', 'anthropic', 'google', 'openai', 'anthropic', 'openai', 'mistral']

/** A wire event of 26 members; `#` marks what is overwritten at each send. */
function template(index: number): string {
  const which = index % MODELS.length
  return JSON.stringify({
    event_id: '############-####-7###-8000-############'.slice(4),
    timestamp_ms: 1_111_111_111_111,
    kind: 'llm_request_completed',
    source_id: 'bench-recorder-1',
    agent_id: `agent_${index % 40}`,
    user_id: `user-${(index * 7919) % 5000}`,
    session_id: `session-${(index * 104729) % 20000}`,
    api_key_id: `key-${index % 60}`,
    provider: PROVIDERS[which],
    model: MODELS[which],
    operation: 'chat',
    endpoint: '/v1/chat/completions',
    method: 'POST',
    stream: index % 2 === 0,
    status_code: index % 50 === 0 ? 429 : 200,
    input_tokens: 1000 + ((index * 37) % 8000),
    cache_read_tokens: (index * 13) % 900,
    output_tokens: 20 + ((index * 11) % 700),
    reasoning_tokens: index % 20,
    duration_ms: 300 + ((index * 31) % 5000),
    ttfb_ms: 80 + ((index * 17) % 200),
    request_bytes: 4000,
    response_bytes: 2500,
    message_count: 6,
    finish_reason: 'stop',
    backend: 'default',
  })
}

class Body {
  readonly bytes: Buffer
  readonly #ids: number[] = []
  readonly #times: number[] = []

  constructor(seed: number, { batch, port, path, key }: LoadOptions) {
    const events = Array.from({ length: batch }, (_, index) => template(seed * batch + index))
    const json = batch === 1 ? (events[0] as string) : `[${events.join(',')}]`
    const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n${key === undefined ? '' : `authorization: Bearer ${key}\r\n`}content-length: ${Buffer.byteLength(json)}\r\n\r\n`
    this.bytes = Buffer.from(head + json)
    for (
      let at = this.bytes.indexOf('########-####-7###-8000-');
      at >= 0;
      at = this.bytes.indexOf('########-####-7###-8000-', at + 36)
    )
      this.#ids.push(at)
    for (let at = this.bytes.indexOf('1111111111111'); at >= 0; at = this.bytes.indexOf('1111111111111', at + 13))
      this.#times.push(at)
  }

  /** Gives every event a new UUIDv7 and the present instant. */
  refresh(nextId: () => number, nowMs: number): void {
    const time = nowMs.toString(16).padStart(12, '0')
    const instant = String(nowMs)
    for (const at of this.#ids) {
      const number = nextId()
      this.bytes.write(time.slice(0, 8), at, 'latin1')
      this.bytes.write(time.slice(8), at + 9, 'latin1')
      this.bytes.write((number & 0xfff).toString(16).padStart(3, '0'), at + 15, 'latin1')
      this.bytes.write(number.toString(16).padStart(12, '0'), at + 24, 'latin1')
    }
    for (const at of this.#times) this.bytes.write(instant, at, 'latin1')
  }
}

/** Sends batches for `seconds` and reports what was answered with 200. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const { port, connections, batch, seconds } = options
  let number = Math.floor(Date.now() % 0xffffff) * 0x100000
  const nextId = (): number => number++
  const latencies: number[] = []
  let requests = 0
  let refused = 0
  const cpu = process.cpuUsage()
  const start = performance.now()
  const end = start + seconds * 1000

  const client = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      // Two bodies a connection: one is on its way while the other could be refreshed.
      const body = new Body(index, options)
      const socket: Socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      let sent = 0
      let pending = ''
      const send = (): void => {
        sent = performance.now()
        if (sent >= end) {
          socket.end()
          resolve()
          return
        }
        body.refresh(nextId, Date.now())
        socket.write(body.bytes)
      }
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('data', (data) => {
        pending += data.toString('latin1')
        const head = pending.indexOf('\r\n\r\n')
        if (head < 0) return
        const length = Number(/content-length: (\d+)/i.exec(pending)?.[1] ?? 0)
        if (pending.length < head + 4 + length) return
        if (pending.startsWith('HTTP/1.1 200')) requests++
        else refused++
        pending = ''
        latencies.push(performance.now() - sent)
        send()
      })
    })
  await Promise.all(Array.from({ length: connections }, (_, index) => client(index)))

  const elapsed = (performance.now() - start) / 1000
  const used = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  const quantile = (q: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0
  return {
    events: requests * batch,
    requests,
    refused,
    seconds: elapsed,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    cpuSeconds: (used.user + used.system) / 1e6,
  }
}
