import type { MetricFamily } from '../family.ts'
import { DURATION_BUCKETS_MS } from './buckets.ts'

/** The eight families of llm-edge-monitoring with its names, types and labels. Shown unless told otherwise. */
export const SEED_FAMILIES = {
  requests: {
    name: 'llm_edge_requests_total',
    type: 'counter',
    help: 'Requests by outcome; error_type is there on errors only.',
    labels: ['provider', 'model', 'status', 'error_type'],
    set: 'seed',
  },
  duration: {
    name: 'llm_edge_request_duration_ms',
    type: 'histogram',
    help: 'Durations of successful requests in milliseconds.',
    labels: ['provider', 'model'],
    buckets: DURATION_BUCKETS_MS,
    set: 'seed',
  },
  tokens: {
    name: 'llm_edge_tokens_total',
    type: 'counter',
    help: 'Tokens by type: input (cached ones included) and output.',
    labels: ['provider', 'model', 'type'],
    set: 'seed',
  },
  cost: {
    name: 'llm_edge_cost_usd_total',
    type: 'counter',
    help: 'Cost in US dollars.',
    labels: ['provider', 'model'],
    set: 'seed',
  },
  cacheHits: {
    name: 'llm_edge_cache_hits_total',
    type: 'counter',
    help: 'Requests answered from the gateway cache.',
    labels: ['tier'],
    set: 'seed',
  },
  cacheMisses: {
    name: 'llm_edge_cache_misses_total',
    type: 'counter',
    help: 'Requests that the gateway cache could not answer.',
    labels: ['tier'],
    set: 'seed',
  },
  activeRequests: {
    name: 'llm_edge_active_requests',
    type: 'gauge',
    help: 'Requests under way.',
    labels: [],
    set: 'seed',
  },
  providerAvailable: {
    name: 'llm_edge_provider_available',
    type: 'gauge',
    help: '1 while a provider answers, 0 while it is down.',
    labels: ['provider'],
    set: 'seed',
  },
} as const satisfies Record<string, MetricFamily>
