/** Midnight of 1 November 2026. */
const DAY = 1_793_491_200

const cost = (line_item: string, value: number) => ({
  object: 'organization.costs.result',
  amount: { value, currency: 'usd' },
  line_item,
  project_id: null,
})

/** `/v1/organization/costs?group_by=line_item`. */
export const OPENAI_COSTS = {
  object: 'page',
  data: [
    {
      object: 'bucket',
      start_time: DAY,
      end_time: DAY + 86_400,
      results: [
        cost('gpt-4o-2024-08-06, input', 0.0025000000000000001),
        cost('gpt-4o-2024-08-06, cached input', 0.001),
        cost('gpt-4o-2024-08-06, output', 0.0037),
        cost('gpt-4o-2024-08-06, output', 0.00005),
        cost('vector store storage', -0.03),
      ],
    },
    { object: 'bucket', start_time: DAY + 86_400, end_time: DAY + 2 * 86_400, results: [] },
  ],
  has_more: false,
  next_page: null,
}

/** `/v1/organization/usage/completions?group_by=model&bucket_width=1h`, and one result of embeddings. */
export const OPENAI_USAGE = {
  object: 'page',
  data: [
    {
      object: 'bucket',
      start_time: DAY + 3_600,
      end_time: DAY + 7_200,
      results: [
        {
          object: 'organization.usage.completions.result',
          input_tokens: 1_800,
          input_cached_tokens: 800,
          output_tokens: 375,
          num_model_requests: 12,
          model: 'gpt-4o-2024-08-06',
        },
        {
          object: 'organization.usage.embeddings.result',
          input_tokens: 5,
          num_model_requests: 1,
          model: 'text-embedding-3-small',
        },
      ],
    },
  ],
  has_more: false,
  next_page: null,
}

const amount = (model: string | null, cost_type: string, token_type: string | null, cents: string) => ({
  amount: cents,
  currency: 'USD',
  cost_type,
  token_type,
  model,
  description: `${model ?? ''} ${cost_type}`,
  service_tier: 'standard',
  workspace_id: null,
})

/** `/v1/organizations/cost_report?group_by[]=description`. */
export const ANTHROPIC_COSTS = {
  data: [
    {
      starting_at: '2026-11-01T00:00:00Z',
      ending_at: '2026-11-02T00:00:00Z',
      results: [
        amount('claude-opus-5', 'tokens', 'uncached_input_tokens', '123.78912'),
        amount('claude-opus-5', 'tokens', 'cache_creation.ephemeral_5m_input_tokens', '3'),
        amount('claude-opus-5', 'tokens', 'cache_creation.ephemeral_1h_input_tokens', '2'),
        amount('claude-opus-5', 'tokens', 'output_tokens', '20.00'),
        amount(null, 'web_search', null, '1'),
      ],
    },
  ],
  has_more: false,
  next_page: null,
}

/** `/v1/organizations/usage_report/messages?group_by[]=model`. */
export const ANTHROPIC_USAGE = {
  data: [
    {
      starting_at: '2026-11-01T00:00:00Z',
      ending_at: '2026-11-02T00:00:00Z',
      results: [
        {
          uncached_input_tokens: 1_500,
          cache_read_input_tokens: 200,
          cache_creation: { ephemeral_1h_input_tokens: 1_000, ephemeral_5m_input_tokens: 500 },
          output_tokens: 500,
          server_tool_use: { web_search_requests: 1 },
          model: 'claude-opus-5',
        },
      ],
    },
  ],
  has_more: false,
  next_page: null,
}
