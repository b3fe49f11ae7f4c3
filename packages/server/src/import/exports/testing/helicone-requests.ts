/** Requests as Helicone's `query-clickhouse` gives them and its export tool writes them. */
const row = (more: object): Record<string, unknown> => ({
  response_status: 200,
  request_created_at: '2026-11-01 10:00:00.250',
  response_created_at: '2026-11-01 10:00:01.250',
  request_path: 'https://oai.helicone.ai/v1/chat/completions',
  request_body: { messages: [{ content: 'what the user had asked' }] },
  response_body: { choices: ['what the model said'] },
  request_user_id: 'ada',
  request_properties: { 'Helicone-Session-Id': 's-1', team: 'checkout' },
  provider: 'OPENAI',
  request_model: 'gpt-4o',
  delay_ms: 1_000,
  time_to_first_token: 120,
  cache_reference_id: '00000000-0000-0000-0000-000000000000',
  ...more,
})

export const HELICONE_REQUESTS: readonly Record<string, unknown>[] = [
  row({
    request_id: 'q1',
    response_id: 'r1',
    prompt_tokens: 200,
    prompt_cache_read_tokens: 800,
    prompt_cache_write_tokens: 0,
    completion_tokens: 60,
    reasoning_tokens: 40,
    total_tokens: 300,
    cost: 0.0025000000000000001,
  }),
  row({
    request_id: 'q2',
    response_id: 'r2',
    provider: 'google-ai-studio',
    request_model: 'gemini-2.5-pro',
    prompt_tokens: 7,
    completion_tokens: 3,
    cost: 0,
  }),
  // Of the cache.
  row({
    request_id: 'q3',
    response_id: 'r3',
    cache_reference_id: '11111111-2222-3333-4444-555555555555',
    prompt_tokens: 0,
    completion_tokens: 0,
    cost: 0,
  }),
  row({ request_id: 'q4', response_id: null, response_status: 429, prompt_tokens: 0, completion_tokens: 0, cost: 0 }),
  row({ request_id: 'q5', response_id: 'r5', response_status: -3, prompt_tokens: null, completion_tokens: null }),
]
