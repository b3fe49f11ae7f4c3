import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import type { TallystickError } from '../errors.ts'
import { setDefaultMetrics } from './default.ts'
import { CONTENT_TYPES } from './exposition/write.ts'
import type { MetricFamily } from './family.ts'
import { metricsHandler } from './handler.ts'
import { recordCacheHit } from './helpers.ts'
import { isMonitoringError } from './monitoring-error.ts'
import { MetricRegistry } from './registry.ts'
import { parseExposition } from './testing/parse.ts'

const metrics = new MetricRegistry()
metrics.recordCacheHit('caf\u00e9')
const queue: MetricFamily = { name: 'queue_length', type: 'gauge', help: 'Waiting.', labels: [], set: 'operation' }
const OPENMETRICS = { accept: 'application/openmetrics-text; version=1.0.0' }

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** Asks a server of `node:http` that has the handler. */
async function ask(listener: RequestListener, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> {
  const server = createServer(listener)
  ends.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { port, host: '127.0.0.1', path: '/metrics', method, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          })
        })
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

describe('metricsHandler on node:http', () => {
  it('answers in text unless OpenMetrics is asked for', async () => {
    const text = await ask(metricsHandler({ metrics }))
    expect([text.status, text.headers['content-type']]).toEqual([200, CONTENT_TYPES.text])
    expect(parseExposition(text.body).get('llm_edge_cache_hits_total')?.samples).toEqual([
      { name: 'llm_edge_cache_hits_total', labels: { tier: 'caf\u00e9' }, value: '1' },
    ])
    const open = await ask(metricsHandler({ metrics }), 'GET', OPENMETRICS)
    expect(open.headers['content-type']).toBe(CONTENT_TYPES.openmetrics)
    expect(parseExposition(open.body, true).has('llm_edge_cache_hits')).toBe(true)
    expect([open.headers['vary'], open.headers['cache-control']]).toEqual(['accept', 'no-store'])
  })

  it('answers HEAD with the length that GET has, and no body', async () => {
    const get = await ask(metricsHandler({ metrics }))
    const head = await ask(metricsHandler({ metrics }), 'HEAD')
    expect([head.status, head.body, head.headers['content-length']]).toEqual([
      200,
      '',
      String(Buffer.byteLength(get.body)),
    ])
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })

  it('refuses other methods', async () => {
    const answer = await ask(metricsHandler({ metrics }), 'POST')
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD'])
  })

  it('adds families of the application, of the moment of the scrape', async () => {
    let waiting = 0
    const collect = async () => [{ family: queue, samples: [{ labels: {}, value: ++waiting }] }]
    const handler = metricsHandler({ metrics, collect })
    expect((await ask(handler)).body).toContain('\nqueue_length 1\n')
    expect((await ask(handler)).body).toContain('\nqueue_length 2\n')
  })

  it('answers 500 with the code, and tells the application, when its figures fail', async () => {
    const errors: TallystickError[] = []
    const collect = (): never => {
      throw new Error('no disk')
    }
    const handler = metricsHandler({ metrics, collect, onError: (error) => errors.push(error) })
    const answer = await ask(handler)
    expect([answer.status, answer.body]).toEqual([500, 'metrics_export\n'])
    expect(errors.map((error) => [error.code, isMonitoringError(error), (error.cause as Error).message])).toEqual([
      ['metrics_export', true, 'no disk'],
    ])
  })
})

it('metricsHandler is a handler of Express', async () => {
  const app = express().get('/metrics', metricsHandler({ metrics }))
  const answer = await ask(app, 'GET', OPENMETRICS)
  expect([answer.status, answer.headers['content-type']]).toEqual([200, CONTENT_TYPES.openmetrics])
  expect((await ask(app, 'HEAD')).headers['content-length']).not.toBe('0')
})

describe('metricsHandler on the Fetch API', () => {
  const url = 'http://localhost/metrics'

  it('answers a Request with a Response', async () => {
    const response = await metricsHandler({ metrics })(new Request(url, { headers: OPENMETRICS }))
    expect([response.status, response.headers.get('content-type')]).toEqual([200, CONTENT_TYPES.openmetrics])
    expect(parseExposition(await response.text(), true).size).toBe(8)
    const head = await metricsHandler({ metrics })(new Request(url, { method: 'HEAD' }))
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('is not misled by the second argument that servers hand over', async () => {
    const app = new Hono().get('/metrics', (context) => metricsHandler({ metrics })(context.req.raw))
    expect((await app.request('/metrics')).status).toBe(200)
    const handler = metricsHandler({ metrics }) as (request: Request, environment: object) => Promise<Response>
    expect((await handler(new Request(url), { waitUntil: () => undefined })).status).toBe(200)
  })

  it('shows the registry of the process unless it has one of its own', async () => {
    setDefaultMetrics(new MetricRegistry({ names: 'standard' }))
    recordCacheHit('L3')
    const body = await (await metricsHandler()(new Request(url))).text()
    expect(body).toContain('llm_cache_hits_total{tier="L3"} 1')
  })

  it('refuses names at once that the registry has no figures for', () => {
    expect(() => metricsHandler({ metrics, names: 'both' })).toThrow('names: either')
  })
})
