import type { Wanted } from '@tallystick/core/provider'

/**
 * What is read of a `StandardLoggingPayload`. `messages`, `response` and `model_parameters` have what people and models wrote:
 * of them nothing is, but the few names below `response`. Nor is anything of `error_str`, which may quote a prompt.
 *
 * @source litellm/types/utils.py, `StandardLoggingPayload` and what it refers to
 */
export const LITELLM_MEMBERS: Exclude<Wanted, true | 'length'> = {
  id: true,
  litellm_call_id: true,
  trace_id: true,
  call_type: true,
  stream: true,
  status: true,
  model: true,
  model_id: true,
  model_group: true,
  custom_llm_provider: true,
  api_base: true,
  total_tokens: true,
  prompt_tokens: true,
  completion_tokens: true,
  response_cost: true,
  cost_breakdown: { total_cost: true },
  startTime: true,
  endTime: true,
  completionStartTime: true,
  cache_hit: true,
  end_user: true,
  requester_ip_address: true,
  user_agent: true,
  request_tags: true,
  error_information: { error_code: true, error_class: true },
  hidden_params: { usage_object: true },
  metadata: {
    usage_object: true,
    user_api_key_hash: true,
    user_api_key_alias: true,
    user_api_key_user_id: true,
    user_api_key_team_id: true,
    user_api_key_team_alias: true,
    user_api_key_org_id: true,
    user_api_key_org_alias: true,
    user_api_key_project_id: true,
    user_api_key_project_alias: true,
    user_api_key_end_user_id: true,
    user_api_key_request_route: true,
    requester_ip_address: true,
    user_agent: true,
    mcp_tool_call_metadata: { name: true, mcp_server_name: true },
  },
  response: { model: true, service_tier: true, choices: { '[]': { finish_reason: true } } },
}
