import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type OpenOptions, openTallystick, type Tallystick } from '../../../open.ts'

export const NOW_MS = Date.UTC(2026, 10, 21, 12)

/** A server in memory whose clock stands still, and what it has counted. */
export interface Receiver {
  readonly tallystick: Tallystick
  send(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  /** Everything counted: requests, tokens, money; and the events themselves. */
  totals(): Promise<Readonly<Record<string, unknown>>>
  events(): Promise<readonly Readonly<Record<string, unknown>>[]>
}

export async function openReceiver(options: Partial<OpenOptions> = {}): Promise<Receiver> {
  const { clock = { now: () => NOW_MS, monotonic: () => performance.now() } } = options
  const tallystick = await openTallystick({
    dataDir: '/nowhere',
    store: 'memory:',
    ...options,
    clock,
  })
  const ask = async (path: string, body?: object): Promise<Record<string, unknown>> => {
    const response = await tallystick.fetch(
      new Request(`http://localhost${path}`, {
        ...(body === undefined
          ? {}
          : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      }),
      { trusted: true },
    )
    const answer = (await response.json()) as Record<string, unknown>
    if (!response.ok) throw new Error(JSON.stringify(answer))
    return answer
  }
  return {
    tallystick,
    send: (path, body, headers = {}) =>
      tallystick.fetch(
        new Request(`http://localhost${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: body instanceof Uint8Array || typeof body === 'string' ? (body as string) : JSON.stringify(body),
        }),
        { trusted: true },
      ),
    async totals() {
      const { rows } = await ask('/api/v1/query?consistency=applied', {
        from: 0,
        // By the clock of the receiver: real senders stamp what they send with the real one.
        to: clock.now() + 86_400_000,
        measures: [
          'requests',
          'failed_requests',
          'input_tokens',
          'output_tokens',
          'cache_read_tokens',
          'cost_nano_usd',
        ],
      })
      return (rows as Record<string, unknown>[])[0] ?? {}
    },
    async events() {
      const { events } = await ask('/api/v1/events?from=0&limit=1000&order=asc&consistency=applied')
      return events as Record<string, unknown>[]
    },
  }
}

/** A recorded body of the captured telemetry. */
export function recorded(name: string): string {
  return readFileSync(
    fileURLToPath(new URL(`../../../../../../../shared/data/telemetry/${name}`, import.meta.url)),
    'utf8',
  )
}
