import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readDefinition } from '../budget/definition.ts'
import { CHAT, completion, JSON_TYPE, openProxied, type Proxied, type Reply, send } from './testing/proxied.ts'

/** P-10: `proxy.enforce_budgets`. */
let proxied: Proxied
let upstream = 0
beforeEach(async () => {
  upstream = 0
  proxied = await openProxied({
    proxy: {
      enforceBudgets: true,
      entries: ['claude=STAND_IN provider=anthropic private', 'g=STAND_IN provider=gemini private'],
    },
  })
  proxied.standIn.answer = (request, response) => {
    upstream++
    const id = `b-${upstream}`
    request.resume()
    request.on('end', () => {
      response.writeHead(200, JSON_TYPE)
      response.end(completion(id))
    })
  }
})
afterEach(() => proxied.close())

/** 12 in and 3 out: $0.00006, which is 60,000 nano-USD. */
const COST = 60_000n

async function budget(amount: string, subject?: object): Promise<string> {
  const { budgets } = proxied.tallystick
  const made = await budgets.create(
    readDefinition({
      name: 'Team',
      amount_usd: amount,
      mode: 'hard',
      window: { kind: 'month' },
      ...(subject ? { subject } : {}),
    }),
  )
  await budgets.settled()
  return made.id
}

const ask = (more: object = {}, path = CHAT, headers: Record<string, string> = {}): Promise<Reply> =>
  send(`${proxied.url}${path}`, {
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify({ model: 'gpt-4o', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }], ...more }),
  })

const figures = async (id: string): Promise<{ readonly spent: bigint; readonly reserved: bigint }> => {
  await proxied.events()
  const { budgets } = proxied.tallystick
  const [found] = await budgets.figures([budgets.get(id)])
  return found as unknown as { spent: bigint; reserved: bigint }
}

describe('a hard budget', () => {
  it('lets pass what it has room for, counts what that cost, and holds nothing afterwards', async () => {
    const id = await budget('1.00')
    for (let index = 0; index < 3; index++) expect((await ask()).status).toBe(200)
    expect(await figures(id)).toMatchObject({ spent: 3n * COST, reserved: 0n })
    expect(await proxied.events()).toMatchObject([{ event_id: 'b-1' }, { event_id: 'b-2' }, { event_id: 'b-3' }])
  })

  it.each([
    [CHAT, 'gpt-4o', { error: { type: 'insufficient_quota', code: 'budget_exceeded' } }],
    ['/proxy/claude/v1/messages', 'claude-sonnet-4-5', { type: 'error', error: { type: 'billing_error' } }],
    [
      '/proxy/g/v1beta/models/gemini-2.5-pro:generateContent',
      'gemini-2.5-pro',
      { error: { code: 402, status: 'RESOURCE_EXHAUSTED' } },
    ],
  ])(
    'that is used up refuses with 402 in the shape of the provider, before anything is sent: %s',
    async (path, model, shape) => {
      const id = await budget('0.0000001')
      const { status, body, headers } = await ask({ model }, path)
      expect([status, headers['x-tallystick-error'], upstream]).toEqual([402, 'budget_exceeded', 0])
      expect(JSON.parse(body.toString())).toMatchObject({
        ...shape,
        tallystick: { code: 'budget_exceeded', budget: { id, name: 'Team', amount: '100', spent: '0', reserved: '0' } },
      })
      expect(await proxied.events()).toMatchObject([{ kind: 'llm_request_failed', status_code: 402 }])
    },
  )

  it('holds the room of a response in the background until it is looked up, and lets a look pass that costs nothing', async () => {
    const id = await budget('0.0024')
    const usage = { input_tokens: 12, output_tokens: 3 }
    const response = {
      id: 'b-bg',
      object: 'response',
      model: 'gpt-4o',
      background: true,
      created_at: Date.now() / 1_000,
    }
    let state: object = { ...response, status: 'queued', usage: null }
    proxied.standIn.answer = (request, answer) => {
      request.resume()
      request.on('end', () => answer.writeHead(200, JSON_TYPE).end(JSON.stringify(state)))
    }
    const path = '/proxy/up/v1/responses'
    expect((await ask({ max_output_tokens: 150 }, path)).status).toBe(200)
    const held = await figures(id)
    expect([held.spent, held.reserved > 1_000_000n]).toEqual([0n, true])
    // There is no room for another, and none is needed.
    expect((await ask({ max_output_tokens: 150 }, path)).status).toBe(429)
    state = { ...response, status: 'completed', usage }
    expect((await send(`${proxied.url}${path}/b-bg`, { method: 'GET' })).status).toBe(200)
    expect((await figures(id)).spent).toBe(COST)
    const found = (await proxied.events()).filter((event) => event['status_code'] === 200)
    expect(found).toMatchObject([{ event_id: 'b-bg', input_tokens: 12, output_tokens: 3 }])
  })

  it('is not overdrawn by any number of requests at once, nor by retries; what has no room now gets 429', async () => {
    // Room for the bounds of a few at a time, and for the cost of forty in all.
    const id = await budget('0.0024')
    const answers = await Promise.all(Array.from({ length: 300 }, () => ask()))
    const statuses = answers.map(({ status }) => status)
    expect(statuses).toContain(200)
    expect(statuses).toContain(429)
    expect(statuses.every((status) => [200, 402, 429].includes(status))).toBe(true)
    expect(answers.find(({ status }) => status === 429)?.headers['retry-after']).toBe('1')
    const { spent, reserved } = await figures(id)
    expect(spent).toBe(COST * BigInt(statuses.filter((status) => status === 200).length))
    expect(spent).toBeLessThanOrEqual(2_400_000n)
    expect(reserved).toBe(0n)
    for (let tries = 0; tries < 60; tries++) await ask()
    expect((await ask()).status).toBe(402)
    expect((await figures(id)).spent).toBeLessThanOrEqual(2_400_000n)
  })

  it('is not got round by leaving early: what was sent and answered is reckoned', async () => {
    const id = await budget('1.00')
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: {"id":"left","model":"gpt-4o","choices":[{"delta":{"content":"${'x'.repeat(2000)}"}}]}\n\n`)
    }
    const response = await fetch(`${proxied.url}${CHAT}`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify({
        model: 'gpt-4o',
        stream: true,
        max_tokens: 500,
        messages: [{ role: 'user', content: 'y'.repeat(4000) }],
      }),
    })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await reader.cancel()
    const { spent, reserved } = await figures(id)
    expect(spent).toBeGreaterThan(0n)
    expect(reserved).toBe(0n)
    expect(await proxied.events()).toMatchObject([{ aborted: true, usage_basis: 'estimated' }])
  })

  it('is not got round by many answers, a limit that another API obeys, a tier, or a compressed body', async () => {
    await budget('0.002')
    expect((await ask()).status).toBe(200)
    expect((await ask({ n: 100 })).status).toBe(402)
    expect((await ask({ max_tokens: 10, max_completion_tokens: 100_000 })).status).toBe(402)
    expect((await ask({ max_tokens: undefined })).status).toBe(402)
    // A name without a price is not one that costs nothing.
    expect((await ask({ model: 'gpt-4o-by-another-name' })).status).toBe(402)
    const { status } = await ask({}, CHAT, { 'content-encoding': 'gzip' })
    expect(status).toBe(415)
  })

  it.each(['gpt-4o', 'gpt-4o-2024-08-06', 'models/gpt-4o', 'openai/gpt-4o', 'GPT-4o'])(
    'of a model counts it under whatever name it is asked for: %s',
    async (model) => {
      const id = await budget('0.0006', { dimension: 'model', value: 'gpt-4o' })
      expect((await ask({ model })).status).toBe(200)
      expect(await figures(id)).toMatchObject({ spent: COST, reserved: 0n })
      // The figures are those of the store too, which knows nothing of other names.
      const { budgets } = proxied.tallystick
      budgets.takeAgain()
      await budgets.settled()
      expect(await figures(id)).toMatchObject({ spent: COST, reserved: 0n })
      expect((await ask({ model, max_tokens: 100 })).status).toBe(402)
      expect((await ask({ model: 'gpt-4o-mini', max_tokens: 100 })).status).toBe(200)
      expect(await figures(id)).toMatchObject({ spent: COST, reserved: 0n })
    },
  )

  it('of a snapshot of a model is not that of the model', async () => {
    const id = await budget('0.0000001', { dimension: 'model', value: 'gpt-4o-2024-08-06' })
    expect((await ask()).status).toBe(200)
    expect((await ask({ model: 'gpt-4o-2024-08-06' })).status).toBe(402)
    expect(await figures(id)).toMatchObject({ spent: 0n })
  })

  it.each([
    ['batch', 30_000n],
    ['flex', 30_000n],
    ['default', 60_000n],
    ['a tier that nobody prices', 60_000n],
  ])('reserves and counts the tier %s at its price', async (tier, cost) => {
    proxied.standIn.answer = async (request, response) => {
      upstream++
      for await (const _ of request);
      // All that it holds is what this request may cost.
      const [found] = await proxied.tallystick.budgets.figures([proxied.tallystick.budgets.get(id)])
      reserved = found?.reserved ?? 0n
      response.writeHead(200, JSON_TYPE)
      const answer: object = JSON.parse(completion(`tier-${upstream}`))
      response.end(JSON.stringify({ ...answer, service_tier: tier }))
    }
    let reserved = 0n
    const id = await budget('1.00')
    const asked = { model: 'gpt-4o', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }], service_tier: tier }
    expect((await ask({ service_tier: tier })).status).toBe(200)
    const bytes = BigInt(JSON.stringify(asked).length)
    const full = bytes * 2_500n + 10n * 10_000n
    expect(reserved).toBe((full * cost) / 60_000n)
    expect(await figures(id)).toMatchObject({ spent: cost, reserved: 0n })
  })

  it('counts cached tokens at their own price, which nothing is reserved at', async () => {
    const usage = { prompt_tokens: 1_000, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 800 } }
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(200, JSON_TYPE)
      response.end(JSON.stringify({ ...(JSON.parse(completion('cached-1')) as object), usage }))
    }
    const id = await budget('1.00')
    expect((await ask({ messages: [{ role: 'user', content: 'x'.repeat(4_000) }] })).status).toBe(200)
    expect(await figures(id)).toMatchObject({ spent: 200n * 2_500n + 800n * 1_250n + 3n * 10_000n, reserved: 0n })
    // What may be cached may as well not be: it has to have room at the full price.
    await budget('0.005')
    expect((await ask({ messages: [{ role: 'user', content: 'x'.repeat(4_000) }] })).status).toBe(402)
  })

  it.each([
    '/v1/chat/%63ompletions',
    '/v1/chat/completions/',
    '//v1//chat/completions',
    '/%76%31/chat%2fcompletions//',
  ])('is not got round by another spelling of the path, which goes on as it is: %s', async (path) => {
    const id = await budget('1.00')
    let asked = ''
    const { answer } = proxied.standIn
    proxied.standIn.answer = (request, response) => {
      asked = request.url ?? ''
      answer(request, response)
    }
    expect((await ask({}, `/proxy/up${path}?x=%63`)).status).toBe(200)
    expect(asked).toBe(`${path}?x=%63`)
    expect(await figures(id)).toMatchObject({ spent: COST, reserved: 0n })
    expect(await proxied.events()).toMatchObject([{ operation: 'chat', endpoint: '/v1/chat/completions' }])
    await budget('0.0000001')
    expect((await ask({}, `/proxy/up${path}`)).status).toBe(402)
    expect(upstream).toBe(1)
  })

  it.each([
    ['POST', '/proxy/up/v1/batches'],
    ['POST', '/proxy/up/v1/fine_tuning/jobs'],
    ['POST', '/proxy/up/v1/realtime/client_secrets'],
    ['POST', '/proxy/up/V1/Chat/Completions'],
    ['POST', '/proxy/up/v1/chat/completions;x'],
    ['PUT', '/proxy/up/v1/chat/completions'],
    ['POST', '/proxy/claude/v1/messages/batches'],
    ['POST', '/proxy/g/v1beta/models/gemini-2.5-pro:batchGenerateContent'],
  ])('lets nothing pass whose cost nobody can say, however much it has left: %s %s', async (method, path) => {
    await budget('1.00')
    const { status, headers, body } = await send(`${proxied.url}${path}`, { method, headers: JSON_TYPE, body: '{}' })
    expect([status, headers['x-tallystick-error'], upstream]).toEqual([402, 'budget_exceeded', 0])
    expect(JSON.parse(body.toString()).error.message).toMatch(/Nobody can say what (?:POST|PUT) \/.* "Team" \(/)
  })

  it.each([
    ['POST', '/proxy/up/v1/files'],
    ['POST', '/proxy/up/v1/responses/input_tokens'],
    ['POST', '/proxy/claude/v1/messages/count_tokens'],
    ['POST', '/proxy/g/v1beta/models/gemini-2.5-pro:countTokens'],
    ['GET', '/proxy/up/v1/batches'],
    ['DELETE', '/proxy/up/v1/files/file_1'],
  ])('lets pass what is known to be free, also when it is used up: %s %s', async (method, path) => {
    await budget('0.0000001')
    const body = method === 'POST' ? { body: '{}' } : {}
    expect((await send(`${proxied.url}${path}`, { method, ...body })).status).toBe(200)
    expect(await proxied.events()).toEqual([])
  })

  it('of somebody else, and one that only tells, let pass what nobody can reckon; one of a model may be meant', async () => {
    const batch = (agent: string): Promise<Reply> =>
      send(`${proxied.url}/proxy/up/v1/batches`, { headers: { 'x-tallystick-agent': agent }, body: '{}' })
    const { budgets } = proxied.tallystick
    await budgets.create(readDefinition({ name: 'Told', amount_usd: '0.0000001', mode: 'soft' }))
    await budget('1.00', { dimension: 'agent_id', value: 'agent_7' })
    await budget('1.00', { dimension: 'provider', value: 'anthropic' })
    expect((await batch('8')).status).toBe(200)
    expect((await batch('7')).status).toBe(402)
    await budget('1.00', { dimension: 'model', value: 'gpt-4o' })
    expect((await batch('8')).status).toBe(402)
  })

  it('gives back what it held for a request that failed', async () => {
    const id = await budget('0.01')
    proxied.standIn.answer = (request) => request.socket.destroy()
    expect((await ask()).status).toBe(502)
    proxied.standIn.answer = (request, response) => {
      request.resume()
      response.writeHead(500, JSON_TYPE)
      response.end('{"error":{"message":"x"}}')
    }
    expect((await ask()).status).toBe(500)
    expect(await figures(id)).toMatchObject({ spent: 0n, reserved: 0n })
  })

  it('of an agent is that of the agent alone', async () => {
    await budget('0.0000001', { dimension: 'agent_id', value: 'agent_7' })
    expect((await ask({}, CHAT, { 'x-tallystick-agent': '7' })).status).toBe(402)
    expect((await ask({}, CHAT, { 'x-tallystick-agent': '8' })).status).toBe(200)
  })
})
