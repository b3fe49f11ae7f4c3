import { decodeWireEvent } from '@tallystick/core/event'
import { describe, expect, it } from 'vitest'
import { decodeLitellm } from '../../format/litellm/payload.ts'
import { eventOfSpendLog } from './litellm.ts'
import { FORMS, readAs, totals } from './testing/read.ts'
import { SPEND_LOGS } from './testing/spend-logs.ts'

const CONTEXT = { nowMs: Date.UTC(2026, 10, 2), mintId: () => 'minted' }

const [plain, cached, passed, hit, failed, unpriced, free] = SPEND_LOGS.map(eventOfSpendLog)

describe("LiteLLM's spend logs", () => {
  it('become events', () => {
    expect(plain).toEqual({
      event_id: 'chatcmpl-1',
      timestamp_ms: Date.UTC(2026, 10, 1, 10, 0, 0, 250),
      request_model: 'gpt-4o',
      provider: 'openai',
      provider_id: 'deployment-1',
      backend: 'smart',
      operation: 'chat',
      user_id: 'customer-9',
      session_id: 'session-1',
      api_key_id: '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b',
      api_key_label: 'checkout',
      duration_ms: 2_000,
      success: true,
      tags: { beta: 'true', job: 'nightly', key_user: 'ada', team: 'Checkout' },
      input_tokens: 10,
      output_tokens: 20,
      reasoning_tokens: 5,
      cost_nano_usd: 225_000,
    })
  })

  it("a model has one name however it was reached, and LiteLLM's names of providers are ours", () => {
    const log = { ...SPEND_LOGS[0], model: 'bedrock_converse/us.meta.llama4', custom_llm_provider: 'bedrock_converse' }
    expect(eventOfSpendLog(log)).toMatchObject({ request_model: 'us.meta.llama4', provider: 'aws.bedrock' })
    const unnamed = { ...SPEND_LOGS[0], model: 'undefined/m', custom_llm_provider: undefined }
    expect(eventOfSpendLog(unnamed)).toMatchObject({ request_model: 'undefined/m' })
  })

  it('cached tokens are in the prompt, and counted once however often they are told', () => {
    expect(cached).toMatchObject({
      input_tokens: 1_000,
      cache_read_tokens: 700,
      cache_write_tokens: 150,
      cache_write_1h_tokens: 50,
      output_tokens: 100,
      units: { web_searches: 2 },
      ttfb_ms: 400,
    })
  })

  it('cached tokens that cannot be in the prompt are beside it', () => {
    expect(passed).toMatchObject({ input_tokens: 100, cache_read_tokens: 90, output_tokens: 5 })
    const log = { ...SPEND_LOGS[2], prompt_tokens: 100, total_tokens: 100 + 5 + 90 }
    expect(eventOfSpendLog(log)).toMatchObject({ input_tokens: 190, cache_read_tokens: 90 })
  })

  it('half a nano-USD goes to the even one, from the text', () => {
    expect(cached?.['cost_nano_usd']).toBe(12_345_678)
    expect(eventOfSpendLog({ ...SPEND_LOGS[1], spend: '0.01234567850000000000001' })).toMatchObject({
      cost_nano_usd: 12_345_679,
    })
  })

  it('retries are in the one row of a call, which is one operation', () => {
    expect(cached).toMatchObject({ detail: { attempted_retries: 2 } })
    expect(cached).not.toHaveProperty('attempt')
  })

  it.each(['chatcmpl-1', `resp_${'bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVyOm9wZW5haQ'.repeat(4)}`])(
    'are what the callback tells of the same answer, under the same id: %s',
    (id) => {
      const log: Record<string, unknown> = { ...SPEND_LOGS[0], request_id: id }
      const usage = { prompt_tokens: 10, completion_tokens: 20, completion_tokens_details: { reasoning_tokens: 5 } }
      const told = decodeLitellm(
        {
          ...log,
          id,
          response_cost: log['spend'],
          startTime: Date.parse(log['startTime'] as string) / 1_000,
          endTime: Date.parse(log['endTime'] as string) / 1_000,
          metadata: {
            user_api_key_hash: log['api_key'],
            user_api_key_alias: 'checkout',
            user_api_key_team_alias: 'Checkout',
            user_api_key_user_id: log['user'],
            usage_object: usage,
          },
        },
        CONTEXT,
      )
      const logged = decodeWireEvent(eventOfSpendLog(log), CONTEXT)
      if (!told.ok || !logged.ok) throw new Error('refused')
      const { sessionId, usageConvention: _, ...fromLog } = logged.event
      const { usageConvention: __, ...fromCallback } = told.event
      expect(sessionId).toBe('session-1')
      expect(fromLog).toEqual(fromCallback)
    },
  )

  it("answers of LiteLLM's cache cost nothing and take no tokens of the provider", () => {
    expect(hit).toMatchObject({
      cache_hit: true,
      input_tokens: 0,
      output_tokens: 0,
      cost_nano_usd: 0,
      detail: { answer_input_tokens: 10, answer_output_tokens: 20 },
    })
  })

  it('failures have no figures, which LiteLLM fills in with zeros, and no message', () => {
    expect(failed).toMatchObject({
      kind: 'llm_request_failed',
      success: false,
      status_code: 429,
      error_code: '429',
      error_type: 'RateLimitError',
    })
    for (const name of ['input_tokens', 'output_tokens', 'cost_nano_usd', 'error_message'])
      expect(failed).not.toHaveProperty(name)
  })

  it('an error is told by codes, and what may be a prompt is none', () => {
    const said = 'antidisestablishmentarianism42'
    const error_information = { error_code: said, error_class: said, error_message: said }
    const log = { ...SPEND_LOGS[4], metadata: { status: 'failure', error_information } }
    expect(eventOfSpendLog(log)).toMatchObject({ error_type: 'other', error_code: 'other' })
    expect(JSON.stringify(eventOfSpendLog(log))).not.toContain(said)
  })

  it('a spend of 0 beside tokens is unknown, unless the cost is said to be 0', () => {
    expect(unpriced).not.toHaveProperty('cost_nano_usd')
    expect(free).toMatchObject({ cost_nano_usd: 0 })
  })

  it('no prompt, answer or key gets through', () => {
    const text = JSON.stringify(SPEND_LOGS.map(eventOfSpendLog))
    expect(text).not.toMatch(/what the (model|user)/)
    const bare = eventOfSpendLog({ ...SPEND_LOGS[0], api_key: 'sk-secret' })
    expect(JSON.stringify(bare)).not.toContain('sk-secret')
    expect(bare['api_key_id']).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([...FORMS])('are the same from %s, with exact totals', async (_, write) => {
    const items = await readAs(write(SPEND_LOGS), eventOfSpendLog)
    expect(items).toEqual(SPEND_LOGS.map(eventOfSpendLog))
    expect(
      totals(items as Record<string, unknown>[], [
        'input_tokens',
        'cache_read_tokens',
        'output_tokens',
        'cost_nano_usd',
      ]),
    ).toEqual({ input_tokens: 1_124, cache_read_tokens: 790, output_tokens: 135, cost_nano_usd: 13_570_678 })
  })

  it.each([
    [{ request_id: '' }, /request_id/],
    [{ startTime: 'yesterday' }, /startTime/],
    [{ prompt_tokens: 1.5 }, /prompt_tokens is not a whole number/],
    [{ spend: 'much' }, /spend is not an amount/],
  ])('of which %j cannot be so are told of', (change, message) => {
    expect(() => eventOfSpendLog({ ...SPEND_LOGS[0], ...change })).toThrow(message)
  })
})
