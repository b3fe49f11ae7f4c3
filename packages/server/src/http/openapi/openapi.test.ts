import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterAll, describe, expect, test } from 'vitest'
import { openTallystick } from '../../open.ts'
import type { Route } from '../route.ts'
import { ROUTES } from '../routes.ts'
import { createTestApp } from '../testing/test-app.ts'
import { openApiDocument } from './document.ts'
import type { BodyDoc, ContentDoc, RouteDoc } from './route-doc.ts'
import type { Schema } from './schema.ts'

const document = openApiDocument(ROUTES, '1.2.3') as {
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>
  components: { schemas: Record<string, Schema> }
}

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true, strictRequired: false })
ajv.addVocabulary(['components'])
formats.default(ajv)
ajv.addSchema({ $id: 'api', components: document.components })
const validators = new Map<Schema, ValidateFunction>()

/** What does not fit the schema, as sentences; empty when all does. */
function problems(schema: Schema, value: unknown): string[] {
  let validate = validators.get(schema)
  if (validate === undefined) {
    validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')))
    validators.set(schema, validate)
  }
  return validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const examplesOf = (content: ContentDoc): readonly [string, unknown][] =>
  Object.entries(content.examples ?? {}).map(([name, { value }]) => [name, value])

describe('the OpenAPI document', () => {
  test('is a valid OpenAPI 3.1 document', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)))
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
  })

  test('has every route of the table and nothing else', () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(documented.sort()).toEqual(
      ROUTES.map(({ method, path }) => `${method} ${path.replace('*', '{path}').replace(/:(\w+)/g, '{$1}')}`).sort(),
    )
  })

  test('gives each operation an id of its own', () => {
    const ids = Object.values(document.paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('is served with every route in it', async () => {
    const { call } = await createTestApp()
    const response = await call('/openapi.json')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument(ROUTES, '0.0.0-test'))))
  })
})

describe.each(ROUTES.map((route) => ({ name: `${route.method} ${route.path}`, route })))('$name', ({ route }) => {
  const { doc } = route
  const contents: readonly [string, ContentDoc][] = [
    ...Object.entries(doc.body?.content ?? {}),
    ...Object.values(doc.answers).flatMap(({ content }) => Object.entries(content ?? {})),
  ]

  test('has examples that fit its schemas', () => {
    for (const [type, content] of contents) {
      for (const [name, value] of examplesOf(content)) {
        expect(problems(content.schema, value), `${type} ${name}`).toEqual([])
      }
      if (type === 'application/x-ndjson') {
        for (const line of examplesOf(content).flatMap(([, value]) => String(value).trim().split('\n'))) {
          expect(problems({ $ref: '#/components/schemas/EventInput' }, JSON.parse(line))).toEqual([])
        }
      }
    }
    for (const { name, schema, example } of doc.parameters ?? []) {
      if (example !== undefined) expect(problems(schema, example), name).toEqual([])
    }
  })
})

/** Asked as its owner: keys that are made on the way close it to everybody else. */
const running = await openTallystick({ dataDir: join(import.meta.dirname, 'never-made'), store: 'memory:' })
afterAll(() => running.close())
await running.ingest.submit({
  items: [
    { model: 'gpt-4o', provider: 'openai', input_tokens: 10, tags: { team: 'a' }, source_id: 's', epoch: 1, seq: 4 },
  ],
  door: 'test',
})

// Leases that the examples name: their ids are minted otherwise.
const LEASES = ['lease-shown', 'lease-settled', 'lease-returned', 'lease_00112233445566778899aabbccddeeff']
const lease = {
  ...{ budgetIds: [], reservedNanoUsd: '5000000', reservedTokens: '0', createdMs: 1_795_262_400_000 },
  ...{ state: 'open' as const, expiresMs: Number.MAX_SAFE_INTEGER },
}
await running.state.write(LEASES.map((id) => ({ table: 'leases', id, row: { ...lease, id, requestId: `r-${id}` } })))

await running.state.write([
  {
    table: 'repricings',
    id: '01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
    row: { id: '01939f2e', state: 'done', version: 'p/r', fromMs: 1, toMs: 2, startedMs: 3, endedMs: 4, changed: 5 },
  },
])

/** What has rows of its own in the path is asked for where the rows are made, unless the document names one. */
const plain = ROUTES.filter(
  ({ stream, path, doc }) => !stream && !path.endsWith('*') && hasExample(path, doc) && path !== '/docs',
)
/** Every way to ask that the document shows: each example body, or none; each example parameter. Keys close the server, so last. */
const calls = plain
  .toSorted((a, b) => Number(makesKey(a)) - Number(makesKey(b)))
  .flatMap((route) => {
    const search = new URLSearchParams(
      (route.doc.parameters ?? []).flatMap(({ name, in: place, example }) =>
        place === 'query' && example !== undefined ? [[name, String(example)] as [string, string]] : [],
      ),
    )
    const path = (route.doc.parameters ?? []).reduce(
      (filled, { name, in: place, example }) =>
        place === 'path' ? filled.replace(`:${name}`, String(example)) : filled,
      route.path as string,
    )
    const url = `http://localhost${path}${search.size > 0 ? `?${search}` : ''}`
    return bodiesOf(route.doc.body).map((body) => ({
      name: `${route.method} ${route.path} ${body.name}`,
      route,
      url,
      body,
    }))
  })

function makesKey({ method, path }: Route): boolean {
  return method === 'POST' && path === '/api/v1/keys'
}

function hasExample(path: string, { parameters = [] }: RouteDoc): boolean {
  return !path.includes(':') || parameters.some((one) => one.in === 'path' && one.example !== undefined)
}

function bodiesOf(body: BodyDoc | undefined): { name: string; type?: string; text?: string }[] {
  if (body === undefined) return [{ name: '' }]
  return Object.entries(body.content).flatMap(([type, content]) =>
    examplesOf(content).map(([name, value]) => ({
      name,
      type,
      text: typeof value === 'string' ? value : JSON.stringify(value),
    })),
  )
}

test.each(calls)('$name is answered as documented', async ({ route, url, body }) => {
  const response = await running.fetch(
    new Request(url, {
      method: route.method,
      ...(body.type === undefined ? {} : { headers: { 'content-type': body.type } }),
      ...(body.text === undefined ? {} : { body: body.text }),
    }),
    { trusted: true },
  )
  const answer = route.doc.answers[response.status]
  const text = await response.text()
  expect(answer, `${response.status} ${text}`).toBeDefined()
  const [type, content] = Object.entries(answer?.content ?? {})[0] as [string, ContentDoc]
  expect(response.headers.get('content-type')).toContain(type)
  if (type === 'application/json') expect(problems(content.schema, JSON.parse(text)), text.slice(0, 2000)).toEqual([])
})

test('what a request does wrong is answered with the documented problem', async () => {
  const response = await running.fetch(
    new Request('http://localhost/api/v1/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"measures":["requets"]}',
    }),
    { trusted: true },
  )
  expect(response.status).toBe(400)
  expect(problems({ $ref: '#/components/schemas/Problem' }, await response.json())).toEqual([])
})

test('events of any kind fit the schema of events', async () => {
  const items = [
    { kind: 'tool_invocation', tool_name: 'search' },
    { kind: 'router_started', detail: { port: 8080 } },
    {
      model: 'claude-sonnet-4-5',
      input_tokens: 5,
      units: { web_search: 1 },
      mcp_servers: ['a'],
      routing_confidence: 0.5,
    },
  ]
  await running.ingest.submit({ items, door: 'test' })
  await running.ingest.applied()
  const response = await running.fetch(new Request('http://localhost/api/v1/events?limit=1000'), { trusted: true })
  const { events } = (await response.json()) as { events: unknown[] }
  expect(events.length).toBeGreaterThanOrEqual(items.length)
  for (const event of events) expect(problems({ $ref: '#/components/schemas/Event' }, event)).toEqual([])
})
