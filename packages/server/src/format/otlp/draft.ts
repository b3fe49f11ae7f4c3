import type { EventKind } from '@tallystick/core/event'

/**
 * What a signal says of one request, as the native wire spells it: the door's decoder looks at every value. Members are
 * set only where something is known.
 */
export interface Draft {
  event_id?: string
  timestamp_ms?: number
  kind?: EventKind
  success?: boolean
  provider?: string
  request_model?: string
  response_model?: string
  operation?: string
  stream?: boolean
  service_tier?: string
  finish_reason?: string
  status_code?: number
  error_type?: string
  attempt?: number
  input_tokens?: number
  cache_read_tokens?: number
  cache_write_tokens?: number
  cache_write_1h_tokens?: number
  output_tokens?: number
  reasoning_tokens?: number
  input_audio_tokens?: number
  input_image_tokens?: number
  output_audio_tokens?: number
  output_image_tokens?: number
  total_tokens?: number
  usage_convention?: string
  cost_usd?: number
  cost_nano_usd?: number
  duration_ms?: number
  ttfb_ms?: number
  agent_id?: string
  user_id?: string
  session_id?: string
  api_key_label?: string
  trace_id?: string
  span_id?: string
  tags?: Readonly<Record<string, string>>
  detail?: Record<string, string | number>
}

/** One request (or, of a metric, the requests of one interval) that may be counted. */
export interface Request {
  readonly draft: Draft
  /** When its usage was known, ms since 1970 UTC: by that it is told what another signal has covered. */
  readonly knownMs: number
}
