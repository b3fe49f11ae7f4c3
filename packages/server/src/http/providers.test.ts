import { expect, it } from 'vitest'
import { mintKey } from '../identity/api-key.ts'
import { openMemoryState } from '../state/memory.ts'
import { createTestApp, NOW_MS } from './testing/test-app.ts'

it('GET /api/v1/providers/health tells everybody of the requests that they may see', async () => {
  const state = openMemoryState()
  const keyOf = async (more: object): Promise<Record<string, string>> => {
    const { id, text, secretHash } = mintKey()
    await state.write([
      { table: 'keys', id, row: { id, name: id, secretHash, scopes: ['ingest', 'read'], createdMs: NOW_MS, ...more } },
    ])
    return { authorization: `Bearer ${text}` }
  }
  const { call } = await createTestApp({ state })
  const [all, acme, bot] = [await keyOf({}), await keyOf({ tenantId: 'acme' }), await keyOf({ agentId: 'bot' })]
  const send = async (headers: Record<string, string>, count: number, event: object): Promise<void> => {
    const body = JSON.stringify(
      Array.from({ length: count }, () => ({
        provider: 'openai',
        model: 'gpt-4o',
        timestamp_ms: NOW_MS - 2_000,
        duration_ms: 500,
        ...event,
      })),
    )
    const answer = await call('/api/v1/events', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
    })
    expect(answer.status).toBe(200)
  }
  await send(acme, 8, { tenant_id: 'acme', status_code: 500, success: false })
  await send(all, 40, { agent_id: 'other' })
  await send(bot, 3, { agent_id: 'bot', provider: 'anthropic' })
  await send(bot, 3, { agent_id: 'bot', provider: 'groq', status_code: 401, success: false })

  const seen = async (headers: Record<string, string>): Promise<{ providers: object[] }> =>
    (await (await call('/api/v1/providers/health', { headers })).json()) as { providers: object[] }
  expect(await seen(acme)).toEqual({
    now_ms: NOW_MS,
    window_ms: 300_000,
    whole: true,
    providers: [
      {
        provider: 'openai',
        state: 'down',
        since_ms: NOW_MS,
        last_ms: NOW_MS - 1_500,
        requests: 8,
        failures: 8,
        overloads: 0,
        duration_ms_p95: null,
        changes: [{ at_ms: NOW_MS, from: 'unknown', to: 'down', requests: 8, failures: 8, overloads: 0 }],
      },
    ],
  })
  // Refused for what it asked, groq is known to nobody.
  expect((await seen(all)).providers).toMatchObject([
    { provider: 'anthropic', state: 'available', requests: 3 },
    { provider: 'openai', state: 'degraded', requests: 48, failures: 8, duration_ms_p95: 500 },
  ])
  expect((await seen(bot)).providers).toMatchObject([{ provider: 'anthropic', state: 'available', requests: 3 }])
})
