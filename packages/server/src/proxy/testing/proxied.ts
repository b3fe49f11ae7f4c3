import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type OpenOptions, openTallystick, type Tallystick } from '../../open.ts'
import type { ProxyStats } from '../proxy.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse) => unknown

/** A server of our own that stands for a provider; `answer` may be changed at any time. */
export interface StandIn {
  readonly url: string
  readonly server: Server
  answer: Answer
  close(): Promise<void>
}

export async function openStandIn(answer: Answer = () => undefined): Promise<StandIn> {
  const server = createServer(
    { keepAliveTimeout: 60_000 },
    (incoming, response) => void standIn.answer(incoming, response),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const standIn: StandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return standIn
}

/** A Tallystick that keeps nothing, with its proxy before a stand-in. */
export interface Proxied {
  readonly tallystick: Tallystick
  readonly standIn: StandIn
  readonly url: string
  readonly port: number
  /** All events so far, in the order in which they were accepted. */
  events(): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

/** The upstream `up`, and those of the options; `STAND_IN` in their entries is its address. */
export async function openProxied(
  options: Partial<OpenOptions> & { readonly proxy?: OpenOptions['proxy'] } = {},
  provider = 'openai',
): Promise<Proxied> {
  const standIn = await openStandIn()
  const tallystick = await openTallystick({
    dataDir: '/nonexistent',
    store: 'memory:?max_events=100000',
    ...options,
    proxy: {
      gatherMs: 5,
      ...options.proxy,
      entries: [
        `up=${standIn.url} provider=${provider} private`,
        ...(options.proxy?.entries ?? []).map((entry) => entry.replace('=STAND_IN', `=${standIn.url}`)),
      ],
    },
  })
  const { url, port } = await tallystick.listen()
  return {
    tallystick,
    standIn,
    url,
    port,
    async events() {
      await settled(tallystick)
      const answer = await tallystick.fetch(new Request('http://localhost/api/v1/events?limit=1000&order=asc'), {
        trusted: true,
      })
      return ((await answer.json()) as { events: Record<string, unknown>[] }).events
    },
    async close() {
      await tallystick.close()
      await standIn.close()
    },
  }
}

/** Until nothing is under way and what was recorded is counted. */
async function settled(tallystick: Tallystick): Promise<void> {
  for (let quiet = 0; quiet < 2; ) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    const { active, recording } = tallystick.proxyStats() as ProxyStats
    quiet = active === 0 && recording.pending === 0 ? quiet + 1 : 0
  }
  await tallystick.ingest.applied()
}

/** What came back, to the byte. */
export interface Reply {
  readonly status: number
  readonly message: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly trailers: NodeJS.Dict<string>
}

export interface Sent {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

export function send(url: string, { method = 'POST', headers = {}, body }: Sent = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const { statusCode = 0, statusMessage = '', headers: got, rawHeaders, trailers } = incoming
        resolve({
          status: statusCode,
          message: statusMessage,
          headers: got,
          rawHeaders,
          body: Buffer.concat(chunks),
          trailers,
        })
      })
    })
    outgoing.on('error', reject)
    // As bytes: a text would be joined to the headers, which then leave in its encoding.
    outgoing.end(body === undefined ? undefined : Buffer.from(body as string))
  })
}

export const CHAT = '/proxy/up/v1/chat/completions'
export const JSON_TYPE = { 'content-type': 'application/json' }

/** An answer of the chat API. */
export const completion = (id: string, model = 'gpt-4o'): string =>
  JSON.stringify({
    id,
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
  })
