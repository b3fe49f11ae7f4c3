/** A word that stands for everything people and models wrote: it must turn up nowhere. */
export const CANARY = 'canary-7f3a-in-the-prompt'

/**
 * A payload of LiteLLM with every member that its current version writes, after a successful streamed answer of Anthropic with
 * a prompt cache.
 *
 * @source BerriAI/litellm 001c64f: litellm/types/utils.py `StandardLoggingPayload`, `StandardLoggingMetadata`;
 * litellm/litellm_core_utils/litellm_logging.py `get_standard_logging_object_payload`
 */
export const PAYLOAD: Readonly<Record<string, unknown>> = {
  id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
  trace_id: 'b980db26-9512-45cc-b1da-c511a363b83f',
  litellm_call_id: '0f1d0b1e-6f0a-4c55-9d0e-6c3b7f0e2a11',
  call_type: 'acompletion',
  cache_hit: null,
  stream: true,
  status: 'success',
  status_fields: { llm_api_status: 'success', guardrail_status: 'not_run' },
  custom_llm_provider: 'anthropic',
  saved_cache_cost: 0.0,
  startTime: 1795262400.25,
  endTime: 1795262402.75,
  completionStartTime: 1795262400.9,
  response_time: 0.65,
  model: 'anthropic/claude-sonnet-4-5',
  metadata: {
    user_api_key_hash: '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b',
    user_api_key_alias: 'web',
    user_api_key_spend: 12.5,
    user_api_key_max_budget: null,
    user_api_key_budget_reset_at: null,
    user_api_key_org_id: 'org-1',
    user_api_key_org_alias: null,
    user_api_key_team_id: 'team-9',
    user_api_key_team_alias: 'search',
    user_api_key_project_id: null,
    user_api_key_project_alias: null,
    user_api_key_user_id: 'dev-4',
    user_api_key_user_email: `${CANARY}@example.com`,
    user_api_key_end_user_id: 'customer-3',
    user_api_key_request_route: '/chat/completions',
    user_api_key_auth_metadata: {},
    spend_logs_metadata: { note: CANARY },
    requester_ip_address: '203.0.113.9',
    user_agent: 'OpenAI/Python 2.8.1',
    requester_metadata: { note: CANARY },
    requester_custom_headers: { 'x-note': CANARY },
    prompt_management_metadata: null,
    mcp_tool_call_metadata: null,
    vector_store_request_metadata: [{ query: CANARY }],
    applied_guardrails: [],
    usage_object: {
      completion_tokens: 120,
      prompt_tokens: 3100,
      total_tokens: 3220,
      completion_tokens_details: { reasoning_tokens: 30, text_tokens: 90 },
      prompt_tokens_details: {
        audio_tokens: null,
        cached_tokens: 2048,
        cache_creation_tokens: 1000,
        cache_creation_token_details: { ephemeral_5m_input_tokens: 600, ephemeral_1h_input_tokens: 400 },
      },
      cache_creation_input_tokens: 1000,
      cache_read_input_tokens: 2048,
      server_tool_use: { web_search_requests: 2 },
    },
    cold_storage_object_key: null,
    team_alias: null,
    team_id: null,
  },
  cache_key: null,
  response_cost: 0.0081234565,
  cost_breakdown: { input_cost: 0.001, output_cost: 0.0071234565, total_cost: 0.0081234565 },
  total_tokens: 3220,
  prompt_tokens: 3100,
  completion_tokens: 120,
  request_tags: ['feature:answers', 'beta', 'User-Agent: OpenAI', 'User-Agent: OpenAI/Python 2.8.1'],
  end_user: 'customer-3',
  api_base: `https://api.anthropic.com/v1/messages?key=${CANARY}`,
  model_group: 'smart',
  model_id: 'cb41bc03f4c33d310019bae8c5afdb1af0a8f97b36a234405a9807614988457c',
  requester_ip_address: '203.0.113.9',
  user_agent: 'OpenAI/Python 2.8.1',
  messages: [
    { role: 'system', content: CANARY },
    { role: 'user', content: `${CANARY} "usage": {"prompt_tokens": 999999}` },
  ],
  response: {
    id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
    model: 'claude-sonnet-4-5-20250929',
    object: 'chat.completion',
    choices: [
      { finish_reason: 'stop', index: 0, message: { content: CANARY, role: 'assistant', reasoning_content: CANARY } },
    ],
    usage: { prompt_tokens: 3100, completion_tokens: 120, total_tokens: 3220 },
  },
  model_parameters: { stream: true, tools: [{ function: { description: CANARY } }] },
  hidden_params: { model_id: null, response_cost: '0.0081234565', litellm_overhead_time_ms: 1.5 },
  model_map_information: { model_map_key: 'claude-sonnet-4-5', model_map_value: null },
  error_str: null,
  error_information: { error_code: '', error_class: '', llm_provider: '', traceback: '', error_message: '' },
  response_cost_failure_debug_info: null,
  guardrail_information: null,
  standard_built_in_tools_params: { web_search_options: null, file_search: null },
}

/** An attempt that the provider refused. Its `id` is the call's: there was no answer to take one from. */
export const FAILED: Readonly<Record<string, unknown>> = {
  ...PAYLOAD,
  id: '0f1d0b1e-6f0a-4c55-9d0e-6c3b7f0e2a11',
  status: 'failure',
  stream: null,
  startTime: 1795262398.5,
  endTime: 1795262398.75,
  completionStartTime: 1795262398.75,
  response_cost: 0,
  cost_breakdown: null,
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  metadata: { ...(PAYLOAD['metadata'] as object), usage_object: null },
  response: {},
  error_str: `litellm.RateLimitError: ${CANARY}`,
  error_information: {
    error_code: '429',
    error_class: 'RateLimitError',
    llm_provider: 'anthropic',
    traceback: CANARY,
    error_message: CANARY,
  },
}

/** With some members replaced; of `metadata` only those given. */
export function payload(members: Readonly<Record<string, unknown>> = {}, metadata: object = {}): unknown {
  return { ...PAYLOAD, metadata: { ...(PAYLOAD['metadata'] as object), ...metadata }, ...members }
}
