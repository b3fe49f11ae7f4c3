import { describe, expect, it } from 'vitest'
import { eventOfHelicone } from './helicone.ts'
import { HELICONE_REQUESTS } from './testing/helicone-requests.ts'
import { FORMS, readAs, totals } from './testing/read.ts'

const [plain, unpriced, hit, refused, cancelled] = HELICONE_REQUESTS.map(eventOfHelicone)

describe("Helicone's requests", () => {
  it('become events; what was cached and thought stands beside the counts', () => {
    expect(plain).toEqual({
      event_id: 'r1',
      timestamp_ms: Date.UTC(2026, 10, 1, 10, 0, 0, 250),
      request_model: 'gpt-4o',
      provider: 'openai',
      endpoint: 'https://oai.helicone.ai/v1/chat/completions',
      user_id: 'ada',
      session_id: 's-1',
      duration_ms: 1_000,
      ttfb_ms: 120,
      tags: { team: 'checkout' },
      status_code: 200,
      success: true,
      input_tokens: 1_000,
      cache_read_tokens: 800,
      output_tokens: 100,
      reasoning_tokens: 40,
      cost_nano_usd: 2_500_000,
    })
  })

  it('a cost of 0 beside tokens is unknown', () => {
    expect(unpriced).toMatchObject({ provider: 'gcp.gemini', input_tokens: 7 })
    expect(unpriced).not.toHaveProperty('cost_nano_usd')
  })

  it("answers of Helicone's cache cost nothing", () => {
    expect(hit).toMatchObject({ cache_hit: true, input_tokens: 0, output_tokens: 0, cost_nano_usd: 0 })
  })

  it('without an answer the id is that of the request, and usage is unknown', () => {
    expect(refused).toMatchObject({ event_id: 'q4', status_code: 429, success: false })
    for (const name of ['input_tokens', 'cost_nano_usd']) expect(refused).not.toHaveProperty(name)
  })

  it("statuses of Helicone's own are failures, and one says that the request is not over", () => {
    expect(cancelled).toMatchObject({
      kind: 'llm_request_failed',
      success: false,
      error_type: 'cancelled',
      error_code: '-3',
      aborted: true,
    })
    expect(() => eventOfHelicone({ ...HELICONE_REQUESTS[0], response_status: -2 })).toThrow(/still under way/)
  })

  it.each([...FORMS])('are the same from %s, with exact totals and nobody’s words', async (_, write) => {
    const items = (await readAs(write(HELICONE_REQUESTS), eventOfHelicone)) as Record<string, unknown>[]
    expect(items).toEqual(HELICONE_REQUESTS.map(eventOfHelicone))
    expect(JSON.stringify(items)).not.toMatch(/what the (model|user)/)
    expect(totals(items, ['input_tokens', 'output_tokens', 'cost_nano_usd'])).toEqual({
      input_tokens: 1_007,
      output_tokens: 103,
      cost_nano_usd: 2_500_000,
    })
  })

  it('the twelve columns of the CSV export are enough', async () => {
    const header =
      'response_id,response_created_at,response_status,request_created_at,request_body,request_properties,request_user_id,model,prompt_tokens,completion_tokens,latency,cost_usd'
    const line =
      '"r1","2026-11-01T10:00:01.250Z","200","2026-11-01T10:00:00.250Z","{""a"":1}","{""team"":""checkout""}","ada","gpt-4o","200","60","1000","0.0025"'
    const [item] = await readAs(new TextEncoder().encode(`${header}\n${line}\n`), eventOfHelicone)
    expect(item).toMatchObject({
      event_id: 'r1',
      provider: 'openai',
      input_tokens: 200,
      output_tokens: 60,
      duration_ms: 1_000,
      cost_nano_usd: 2_500_000,
      tags: { team: 'checkout' },
    })
  })
})
