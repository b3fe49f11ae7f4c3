import type { MetricFamily } from '../family.ts'

/** The three names that Routiium's documentation has its users make from its aggregate. Shown on request. */
export const ROUTIIUM_FAMILIES = {
  requests: {
    name: 'routiium_requests_total',
    type: 'counter',
    help: 'Total requests.',
    labels: [],
    set: 'routiium',
  },
  inputTokens: {
    name: 'routiium_tokens_input_total',
    type: 'counter',
    help: 'Total input tokens.',
    labels: [],
    set: 'routiium',
  },
  outputTokens: {
    name: 'routiium_tokens_output_total',
    type: 'counter',
    help: 'Total output tokens.',
    labels: [],
    set: 'routiium',
  },
} as const satisfies Record<string, MetricFamily>
