import type { IncomingMessage, ServerResponse } from 'node:http'
import { EventStore } from '@tallystick/core'
import { captureFetch } from '@tallystick/core/capture'
import { encodeWireEvent } from '@tallystick/core/event'
import { createPriceBook } from '@tallystick/core/pricing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openProxied, type Proxied } from '../../packages/server/src/proxy/testing/proxied.ts'
import { type Ask, SDKS, type SdkCase } from './testing/sdk-cases.ts'

/**
 * Every SDK, whole and streamed, by either way and by both at once, whatever becomes of the request: the SDK does what it does without
 * us, and there is one event with the right tokens, cost, outcome and id.
 */
vi.setConfig({ testTimeout: 30_000 })

const TIMEOUT_MS = 250

let proxied: Proxied
let answer: (request: IncomingMessage, response: ServerResponse) => void
let numbered = 0

beforeAll(async () => {
  proxied = await openProxied({
    proxy: { entries: ['claude=STAND_IN provider=anthropic private', 'google=STAND_IN provider=gemini private'] },
  })
  proxied.standIn.answer = (request, response) => {
    request.resume()
    request.on('end', () => answer(request, response))
  }
})
afterAll(() => proxied.close())

type Told = Readonly<Record<string, unknown>>

/** The ways to the stand-in; `recorded` gives the events of what was asked since the last time. */
const WAYS = {
  async wrapper(sdk: SdkCase) {
    const store = new EventStore()
    const provider = String(sdk.expected['provider'])
    const target = (url: URL) => ({
      provider,
      operation: 'chat',
      endpoint: url.pathname,
      ...(sdk.name === '@google/genai' ? { model: 'gemini-2.5-flash' } : {}),
    })
    const fetch = captureFetch({ sink: store, target, prices: createPriceBook() })
    const recorded = async (): Promise<readonly Told[]> => store.drainAll().map((event) => encodeWireEvent(event))
    return { way: { baseUrl: `${proxied.standIn.url}${sdk.path}`, fetch }, recorded, until: () => store.length > 0 }
  },
  async proxy(sdk: SdkCase) {
    const before = (await proxied.events()).length
    const recorded = async (): Promise<readonly Told[]> => (await proxied.events()).slice(before)
    const way = { baseUrl: `${proxied.url}/proxy/${sdk.upstream}${sdk.path}`, fetch: globalThis.fetch }
    return { way, recorded, until: () => true }
  },
  /** An application that records, behind the proxy, which records too; neither was told of the other. */
  async 'wrapper and the proxy'(sdk: SdkCase) {
    const store = new EventStore(
      numbered % 2 === 0 ? {} : { defaults: { agentId: 'agent_9', tags: { team: 'search' } } },
    )
    const { way, recorded: seen } = await WAYS.proxy(sdk)
    const recorded = async (): Promise<readonly Told[]> => {
      const proxys = await seen()
      const own = store.drainAll()
      expect([proxys.length, own.length]).toEqual([1, 1])
      const sent = await proxied.tallystick.fetch(
        new Request('http://localhost/api/v1/events', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ events: own.map((event) => encodeWireEvent(event)) }),
        }),
        { trusted: true },
      )
      expect(await sent.json()).toMatchObject({ received: 1, accepted: 0, rejected: [] })
      return await seen()
    }
    return { way: { ...way, fetch: captureFetch({ sink: store }) }, recorded, until: () => store.length > 0 }
  },
} as const

const head = (response: ServerResponse, stream: boolean): void => {
  response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' })
}
function write(response: ServerResponse, piece: object | string): void {
  const type = typeof piece === 'object' && 'type' in piece ? `event: ${piece.type}\n` : ''
  response.write(`${type}data: ${typeof piece === 'string' ? piece : JSON.stringify(piece)}\n\n`)
}

describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('through the %s', (name) => {
  describe.each(SDKS)('$name', (sdk) => {
    describe.each([false, true])('streamed: %s', (stream) => {
      const id = `${sdk.upstream}-${name}-${stream}`
      const asking = async (how: Partial<Ask> = {}) => {
        const { way, recorded, until } = await WAYS[name](sdk)
        const result = await sdk
          .ask(way, { stream, signal: new AbortController().signal, onPiece: () => undefined, ...how })
          .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
        await vi.waitFor(() => expect(until()).toBe(true), { timeout: 10_000 })
        const events = await recorded()
        expect(events).toHaveLength(1)
        return { result, event: events[0] as Told }
      }

      it('answered', async () => {
        const number = `${id}-${++numbered}`
        answer = (_, response) => {
          head(response, stream)
          if (stream) for (const piece of sdk.pieces(number)) write(response, piece)
          response.end(stream ? undefined : JSON.stringify(sdk.whole(number)))
        }
        const { result, event } = await asking()
        expect(result).toBe('Hi')
        expect(event).toMatchObject({
          ...sdk.expected,
          kind: 'llm_request_completed',
          event_id: number,
          status_code: 200,
          success: true,
          stream,
          usage_basis: 'measured',
        })
      })

      it.each([400, 429, 500])('refused with %s', async (status) => {
        const number = `${id}-${++numbered}`
        answer = (_, response) => {
          const named = sdk.idHeader === undefined ? {} : { [sdk.idHeader]: number }
          response.writeHead(status, { 'content-type': 'application/json', ...named })
          response.end(JSON.stringify(sdk.refusal(status)))
        }
        const { result, event } = await asking()
        expect(result).toBeInstanceOf(Error)
        expect(event).toMatchObject({
          kind: 'llm_request_failed',
          request_model: sdk.expected['request_model'],
          status_code: status,
          success: false,
          error_type: `type_${status}`,
          ...(sdk.idHeader === undefined ? {} : { event_id: number }),
        })
        // What a provider answers with may quote the prompt.
        expect(JSON.stringify(event)).not.toContain('Say hi')
        expect(event['cost_nano_usd'] ?? 0).toBe(0)
      })

      it('given up', async () => {
        const number = `${id}-${++numbered}`
        const controller = new AbortController()
        let gone = false
        answer = (_, response) => {
          response.on('close', () => {
            gone = true
          })
          if (stream) {
            head(response, stream)
            write(response, sdk.pieces(number)[0] as object)
          } else setTimeout(() => controller.abort(), 20)
        }
        const { result, event } = await asking({ signal: controller.signal, onPiece: () => controller.abort() })
        expect(result).toBeInstanceOf(Error)
        await vi.waitFor(() => expect(gone).toBe(true))
        expect(event).toMatchObject({
          kind: 'llm_request_failed',
          request_model: sdk.expected['request_model'],
          aborted: true,
          success: false,
          error_type: 'client_abort',
        })
        expect(event['usage_basis']).not.toBe('measured')
        if (stream) expect(event).toMatchObject({ event_id: number, status_code: 200 })
      })

      it('not answered in time', async () => {
        let gone = false
        answer = (_, response) => {
          response.on('close', () => {
            gone = true
          })
        }
        const { result, event } = await asking({ timeoutMs: TIMEOUT_MS })
        expect(result).toBeInstanceOf(Error)
        await vi.waitFor(() => expect(gone).toBe(true))
        expect(event).toMatchObject({
          kind: 'llm_request_failed',
          request_model: sdk.expected['request_model'],
          aborted: true,
          success: false,
          usage_basis: 'unknown',
        })
        // A proxy sees only that nobody waits any more; an SDK that has a signal of its own does not say why either.
        expect(['timeout', 'client_abort']).toContain(event['error_type'])
        expect(event['status_code']).toBeUndefined()
      })
    })
  })
})
