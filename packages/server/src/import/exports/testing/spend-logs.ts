/** Rows of `LiteLLM_SpendLogs` in the shape of schema.prisma; what the tests are about is in them once. */
const row = (more: object): Record<string, unknown> => ({
  call_type: 'acompletion',
  api_key: '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b',
  startTime: '2026-11-01T10:00:00.250000+00:00',
  endTime: '2026-11-01T10:00:02.250000+00:00',
  completionStartTime: '2026-11-01T10:00:02.250000+00:00',
  model: 'gpt-4o',
  model_id: 'deployment-1',
  model_group: 'smart',
  custom_llm_provider: 'openai',
  user: 'ada',
  cache_hit: 'False',
  cache_key: 'Cache OFF',
  request_tags: ['User-Agent: OpenAI/Python 1.0', 'job:nightly', 'beta'],
  team_id: 'team-1',
  organization_id: '',
  end_user: 'customer-9',
  messages: {},
  response: { secret: 'what the model said' },
  session_id: 'session-1',
  status: 'success',
  ...more,
})

const metadata = (usage: object, more: object = {}): object => ({
  user_api_key_alias: 'checkout',
  user_api_key_team_alias: 'Checkout',
  additional_usage_values: usage,
  ...more,
})

export const SPEND_LOGS: readonly Record<string, unknown>[] = [
  row({
    request_id: 'chatcmpl-1',
    spend: 0.00022500000000000002,
    total_tokens: 30,
    prompt_tokens: 10,
    completion_tokens: 20,
    metadata: metadata({ completion_tokens_details: { reasoning_tokens: 5 }, prompt_tokens_details: null }),
  }),
  // Cached tokens are told three times, and stand in the prompt.
  row({
    request_id: 'msg_2',
    call_type: 'anthropic_messages',
    model: 'claude-sonnet-4-5',
    custom_llm_provider: 'anthropic',
    spend: 0.0123456785,
    total_tokens: 1_100,
    prompt_tokens: 1_000,
    completion_tokens: 100,
    startTime: '2026-11-01 10:00:05.123',
    endTime: '2026-11-01 10:00:06.123',
    completionStartTime: '2026-11-01 10:00:05.523',
    metadata: metadata(
      {
        cache_read_input_tokens: 700,
        cache_creation_input_tokens: 200,
        prompt_tokens_details: { cached_tokens: 700, cache_creation_token_details: { ephemeral_1h_input_tokens: 50 } },
        server_tool_use: { web_search_requests: 2 },
      },
      { usage_object: { cache_read_input_tokens: 700 }, attempted_retries: 2 },
    ),
  }),
  // A pass-through: the prompt is without what was cached.
  row({
    request_id: 'msg_3',
    call_type: 'pass_through_endpoint',
    model: 'claude-sonnet-4-5',
    custom_llm_provider: 'anthropic',
    spend: 0.001,
    total_tokens: 15,
    prompt_tokens: 10,
    completion_tokens: 5,
    metadata: metadata({ cache_read_input_tokens: 90 }),
  }),
  row({
    request_id: 'chatcmpl-4_cache_hit1793527200.5',
    cache_hit: 'True',
    spend: 0,
    total_tokens: 30,
    prompt_tokens: 10,
    completion_tokens: 20,
    metadata: metadata({}),
  }),
  row({
    request_id: 'f0000000-0000-4000-8000-000000000005',
    status: 'failure',
    spend: 0,
    total_tokens: 0,
    prompt_tokens: 0,
    completion_tokens: 0,
    metadata: metadata(
      {},
      {
        status: 'failure',
        error_information: {
          error_code: '429',
          error_class: 'RateLimitError',
          error_message: 'what the user had asked',
          llm_provider: 'openai',
        },
      },
    ),
  }),
  // No price at LiteLLM.
  row({
    request_id: 'chatcmpl-6',
    model: 'my-llama',
    custom_llm_provider: 'hosted_vllm',
    spend: 0,
    total_tokens: 12,
    prompt_tokens: 7,
    completion_tokens: 5,
    metadata: metadata({}),
  }),
  // A price of nothing.
  row({
    request_id: 'chatcmpl-7',
    model: 'my-llama-2',
    custom_llm_provider: 'hosted_vllm',
    spend: 0,
    total_tokens: 12,
    prompt_tokens: 7,
    completion_tokens: 5,
    metadata: metadata({}, { cost_breakdown: { total_cost: 0 } }),
  }),
]
