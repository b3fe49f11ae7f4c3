import type { MetricFamily } from '../family.ts'
import { DURATION_BUCKETS_SECONDS } from './buckets.ts'

/**
 * The same figures under names that follow the practice of Prometheus: base units, one quantity a family, and labels over
 * which a sum makes sense (https://prometheus.io/docs/practices/naming/).
 */
export const CONVENTIONAL_FAMILIES = {
  requests: {
    name: 'llm_requests_total',
    type: 'counter',
    help: 'Requests by outcome: success or error.',
    labels: ['provider', 'model', 'operation', 'status'],
    set: 'conventional',
  },
  errors: {
    name: 'llm_request_errors_total',
    type: 'counter',
    help: 'Failed requests by type of error.',
    labels: ['provider', 'model', 'error_type'],
    set: 'conventional',
  },
  duration: {
    name: 'llm_request_duration_seconds',
    type: 'histogram',
    help: 'Durations of successful requests.',
    labels: ['provider', 'model'],
    buckets: DURATION_BUCKETS_SECONDS,
    unit: 'seconds',
    set: 'conventional',
  },
  timeToFirstByte: {
    name: 'llm_time_to_first_byte_seconds',
    type: 'histogram',
    help: 'Time until the first byte of the answer.',
    labels: ['provider', 'model'],
    buckets: DURATION_BUCKETS_SECONDS,
    unit: 'seconds',
    set: 'conventional',
  },
  tokens: {
    name: 'llm_tokens_total',
    type: 'counter',
    help: 'Tokens by type; each token is of one type only: input, cache_read, cache_write, output or reasoning.',
    labels: ['provider', 'model', 'type'],
    set: 'conventional',
  },
  cost: {
    name: 'llm_cost_usd_total',
    type: 'counter',
    help: 'Cost in US dollars.',
    labels: ['provider', 'model'],
    set: 'conventional',
  },
  cacheSavings: {
    name: 'llm_cache_savings_usd_total',
    type: 'counter',
    help: 'What cached input tokens would have cost more at the price of others, in US dollars.',
    labels: ['provider', 'model'],
    set: 'conventional',
  },
  unpriced: {
    name: 'llm_unpriced_requests_total',
    type: 'counter',
    help: 'Requests whose cost is unknown.',
    labels: ['provider', 'model'],
    set: 'conventional',
  },
  cacheHits: {
    name: 'llm_cache_hits_total',
    type: 'counter',
    help: 'Requests answered from the gateway cache.',
    labels: ['tier'],
    set: 'conventional',
  },
  cacheMisses: {
    name: 'llm_cache_misses_total',
    type: 'counter',
    help: 'Requests that the gateway cache could not answer.',
    labels: ['tier'],
    set: 'conventional',
  },
  activeRequests: {
    name: 'llm_active_requests',
    type: 'gauge',
    help: 'Requests under way.',
    labels: [],
    set: 'conventional',
  },
  providerState: {
    name: 'llm_provider_state',
    type: 'gauge',
    help: '1 for the state that a provider is in (available, degraded or down), 0 for the others.',
    labels: ['provider', 'state'],
    set: 'conventional',
  },
  budgetLimit: {
    name: 'llm_budget_limit_usd',
    type: 'gauge',
    help: 'Amount of a budget in money, for its window.',
    labels: ['budget'],
    set: 'conventional',
  },
  budgetSpent: {
    name: 'llm_budget_spent_usd',
    type: 'gauge',
    help: 'Spent of a budget in money within its window.',
    labels: ['budget'],
    set: 'conventional',
  },
  budgetUsed: {
    name: 'llm_budget_used_ratio',
    type: 'gauge',
    help: 'Share of a budget, in money or tokens, that is used; 1 is all of it.',
    labels: ['budget'],
    unit: 'ratio',
    set: 'conventional',
  },
} as const satisfies Record<string, MetricFamily>
