import { DIMENSION_OF } from '@tallystick/core/event'

/** What there is a page of: one dimension, what its rows tell, and what one of its values splits into. */
export interface EntityKind {
  readonly dimension: string
  readonly path: string
  readonly one: string
  readonly many: string
  /** A dimension that says more of a name, beneath it: who provides a model. */
  readonly beside?: { readonly dimension: string; readonly many: string }
  /** Columns that are shown unless others are picked; see `columns.ts`. */
  readonly columns: readonly string[]
  /** What one value splits into, the first of them also over time. */
  readonly splits: readonly string[]
  /** Is one taken instead of another, so that what is cheapest and fastest is worth saying? */
  readonly compared?: true
  /** Is it worth saying how much the first few make up? */
  readonly concentration?: true
}

const COMMON = ['trend', 'requests', 'cost_nano_usd', 'change'] as const

/** Is every figure of it, or of one of its values, read from single events? Such are asked again as seldom as they are dear. */
export const readsEvents = ({ dimension }: EntityKind): boolean => DIMENSION_OF.get(dimension)?.cardinality === 'high'

/** THE table of pages of a dimension. */
export const MODELS: EntityKind = {
  dimension: 'model',
  path: '/models',
  one: 'model',
  many: 'models',
  beside: { dimension: 'provider', many: 'providers' },
  compared: true,
  columns: [
    ...COMMON,
    'cost_per_request',
    'cost_per_1k_output',
    'unit_prices',
    'cache_hit_ratio',
    'ttfb_ms_p50',
    'duration_ms_p95',
    'error_ratio',
  ],
  splits: ['agent_id', 'provider', 'user_id', 'api_key_id', 'operation', 'service_tier'],
}

export const AGENTS: EntityKind = {
  dimension: 'agent_id',
  path: '/agents',
  one: 'agent',
  many: 'agents',
  beside: { dimension: 'model', many: 'models' },
  columns: [
    ...COMMON,
    'total_tokens',
    'cost_per_operation',
    'retries',
    'cache_hit_ratio',
    'duration_ms_p95',
    'error_ratio',
  ],
  splits: ['model', 'user_id', 'api_key_id', 'operation', 'tool_name', 'provider'],
  concentration: true,
}

export const USERS: EntityKind = {
  dimension: 'user_id',
  path: '/users',
  one: 'user',
  many: 'users',
  columns: [...COMMON, 'total_tokens', 'cost_per_request', 'cache_hit_ratio', 'duration_ms_p95', 'error_ratio'],
  splits: ['model', 'agent_id', 'api_key_id', 'provider', 'operation'],
  concentration: true,
}

export const CREDENTIALS: EntityKind = {
  dimension: 'api_key_id',
  path: '/credentials',
  one: 'key',
  many: 'keys',
  beside: { dimension: 'api_key_label', many: 'labels' },
  columns: [...COMMON, 'total_tokens', 'cost_per_request', 'cache_hit_ratio', 'duration_ms_p95', 'error_ratio'],
  splits: ['model', 'agent_id', 'user_id', 'provider', 'auth_method'],
}

export const PROVIDERS: EntityKind = {
  dimension: 'provider',
  path: '/providers',
  one: 'provider',
  many: 'providers',
  compared: true,
  columns: [
    ...COMMON,
    'input_tokens',
    'output_tokens',
    'cost_per_request',
    'cache_hit_ratio',
    'ttfb_ms_p50',
    'duration_ms_p50',
    'duration_ms_p95',
    'error_ratio',
  ],
  splits: ['model', 'agent_id', 'provider_id', 'service_tier', 'finish_reason'],
}
