import { TallystickError } from '@tallystick/core'
import { describe, expect, it } from 'vitest'
import { mintKey } from '../../identity/api-key.ts'
import { CANARY, create, ended, SDK_BATCH, update } from '../../langfuse/testing/batches.ts'
import { type OpenOptions, openTallystick, type Tallystick } from '../../open.ts'
import type { ApiKey, KeyScope } from '../../state/key.ts'

const basic = (password: string, user = 'pk-lf-1'): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

interface Server extends Tallystick {
  send(path: string, body: unknown, headers?: Record<string, string>): Promise<{ status: number; body: never }>
  key(scopes: readonly KeyScope[], more?: Partial<ApiKey>): Promise<string>
}

async function opened(options: Partial<OpenOptions> = {}): Promise<Server> {
  const tallystick = await openTallystick({ dataDir: 'never-made', store: 'memory:', ...options })
  return {
    ...tallystick,
    async send(path, body, headers = {}) {
      const response = await tallystick.fetch(
        new Request(`http://localhost${path}`, {
          method: body === undefined ? 'GET' : 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      )
      return { status: response.status, body: (await response.json()) as never }
    },
    async key(scopes, more = {}) {
      const { id, text, secretHash } = mintKey()
      await tallystick.state.write([
        { table: 'keys', id, row: { id, name: id, secretHash, scopes, createdMs: 1, ...more } },
      ])
      return text
    },
  }
}

const INGESTION = '/api/public/ingestion'

describe('POST /api/public/ingestion', () => {
  it('answers 207 with every event of a batch of the real client, by its id', async () => {
    const server = await opened()
    const { status, body } = await server.send(INGESTION, { batch: SDK_BATCH, metadata: { sdk_name: 'langfuse-js' } })
    expect(status).toBe(207)
    expect(body).toEqual({
      successes: SDK_BATCH.map((event) => ({ id: (event as { id: string }).id, status: 201 })),
      errors: [],
    })
    const events = JSON.stringify((await server.send('/api/v1/events', undefined)).body)
    expect(events).toContain('"streamed"')
    expect(events).not.toContain(CANARY)
    await server.close()
  })

  it('lists errors by event, and the others are kept', async () => {
    const server = await opened()
    const late = ended({ usage: { input: 99, output: 8 } })
    const bad = update({ id: 'h', usage: { input: 'many' } })
    await server.send(INGESTION, { batch: [create(), ended()] })
    const { body } = await server.send(INGESTION, { batch: [late, bad, create({ id: 'h' })] })
    expect(body).toMatchObject({
      successes: [{ status: 201 }],
      errors: [
        { id: (late as { id: string }).id, status: 409, error: 'conflict' },
        { id: (bad as { id: string }).id, status: 400, error: 'not_an_integer' },
      ],
    })
    await server.close()
  })

  it.each([
    ['{"batch":[{"input":"canary"', 400, 'invalid_json'],
    ['{}', 400, 'invalid_body'],
    ['[]', 400, 'invalid_body'],
    ['{"batch":{}}', 400, 'invalid_body'],
  ])('refuses %j in words that its clients read', async (text, status, code) => {
    const server = await opened()
    const answer = await server.send(INGESTION, text)
    expect(answer).toMatchObject({ status, body: { error: code, message: expect.any(String) } })
    expect(JSON.stringify(answer)).not.toContain('canary')
    await server.close()
  })

  it('promises nothing while nothing can be kept', async () => {
    const server = await opened()
    server.state.write = () => Promise.reject(new TallystickError('disk_full'))
    expect(await server.send(INGESTION, { batch: [create()] })).toMatchObject({
      status: 507,
      body: { error: 'disk_full' },
    })
    await server.close()
  })
})

describe('Basic authorization', () => {
  it('takes an API key as the secret key, whatever the public key, with its tenant', async () => {
    const server = await opened()
    const text = await server.key(['ingest'], { tenantId: 'acme' })
    const reader = await server.key(['read'])
    expect(await server.send('/api/public/projects', undefined, basic(text))).toMatchObject({
      status: 200,
      body: { data: [{ id: 'acme' }] },
    })
    expect((await server.send(INGESTION, { batch: [create(), ended()] }, basic(text, ''))).status).toBe(207)
    const { body } = await server.send('/api/v1/events', undefined, { authorization: `Bearer ${reader}` })
    expect(body).toMatchObject({ events: [{ event_id: 'g', tenant_id: 'acme', auth_method: 'api_key' }] })
    await server.close()
  })

  it('is refused with a wrong, revoked or reading key, and on other routes', async () => {
    const server = await opened()
    const text = await server.key(['ingest'])
    const batch = { batch: [] }
    const statusOf = async (headers: Record<string, string>, path = INGESTION): Promise<number> =>
      (await server.send(path, batch, headers)).status
    expect(await statusOf(basic(text))).toBe(207)
    expect(await statusOf(basic(`${text}x`))).toBe(401)
    expect(await statusOf(basic('sk-lf-1'))).toBe(401)
    expect(await statusOf(basic(''))).toBe(401)
    expect(await statusOf({ authorization: 'Basic !!!' })).toBe(401)
    expect(await statusOf({})).toBe(401)
    expect(await statusOf(basic(await server.key(['read'])))).toBe(403)
    expect(await statusOf(basic(await server.key(['ingest'], { revokedMs: 1 })))).toBe(401)
    expect(await statusOf(basic(text), '/api/v1/events')).toBe(401)
    expect(await statusOf({ authorization: `Bearer ${text}` })).toBe(207)
    await server.close()
  })

  it('is not looked at by a server without keys, and health is told to anybody', async () => {
    const server = await opened()
    expect((await server.send('/api/public/projects', undefined, basic('sk-lf-1'))).status).toBe(200)
    await server.key(['ingest'])
    expect(await server.send('/api/public/health', undefined)).toMatchObject({ status: 200, body: { status: 'OK' } })
    await server.close()
  })
})

describe('POST /api/public/otel/v1/traces', () => {
  /** As `@langfuse/otel` 4.6.1 sends it, JSON instead of protobuf, text left out. */
  const SPAN = {
    traceId: 'd67c9e510b3a04599b0e8a8ca6347a6c',
    spanId: '6c9e76a37240e371',
    name: 'llm-call',
    kind: 1,
    startTimeUnixNano: '1795296297006000000',
    endTimeUnixNano: '1795296297106000000',
    attributes: Object.entries({
      'langfuse.observation.type': 'generation',
      'langfuse.observation.model.name': 'gpt-4o',
      'langfuse.observation.usage_details': '{"input":12,"output":5,"total":17}',
      'langfuse.observation.cost_details': '{"total":0.000123}',
      'langfuse.observation.input': CANARY,
    }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  }
  const body = { resourceSpans: [{ scopeSpans: [{ scope: { name: 'langfuse-sdk' }, spans: [SPAN] }] }] }
  const TRACES = '/api/public/otel/v1/traces'

  it('is the route of spans under the key of Langfuse, once however often they come', async () => {
    const server = await opened()
    const key = await server.key(['ingest'])
    const reader = await server.key(['read'])
    for (let time = 0; time < 2; time++)
      expect(await server.send(TRACES, body, basic(key))).toEqual({ status: 200, body: {} })
    for (const headers of [{}, basic('tsk_nobody_x'), basic(reader)])
      expect((await server.send(TRACES, body, headers)).status).toBeGreaterThanOrEqual(401)
    const { events } = (await server.send('/api/v1/events', undefined, { authorization: `Bearer ${reader}` })).body as {
      events: Record<string, unknown>[]
    }
    expect(events).toMatchObject([
      {
        request_model: 'gpt-4o',
        input_tokens: 12,
        output_tokens: 5,
        cost_reported_nano_usd: 123_000,
        duration_ms: 100,
      },
    ])
    expect(JSON.stringify(events)).not.toContain(CANARY)
    await server.close()
  })
})
