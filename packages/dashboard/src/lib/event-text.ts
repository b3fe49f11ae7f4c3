import type { WireEvent } from './api.ts'
import { money, moneyExact, toExact } from './format.ts'
import { dimensionOf } from './newest.ts'

/** What is said of one event wherever it stands in a list. */

export const isRequest = (event: WireEvent): boolean => String(event['kind'] ?? '').startsWith('llm_request')

export const isFailed = (event: WireEvent): boolean =>
  event['success'] === false || event['kind'] === 'llm_request_failed'

/** A member of an event that is a number; null when it is absent. */
export function numberOf(event: WireEvent, name: string): number | null {
  const value = event[name]
  return typeof value === 'number' ? value : null
}

/** What it was about: the model, the tool, or else its kind in words. */
export function subject(event: WireEvent): string {
  const model = dimensionOf(event, 'model') ?? dimensionOf(event, 'tool_name')
  return model === null ? String(event['kind'] ?? '').replaceAll('_', ' ') : String(model)
}

/**
 * What became of it.
 *
 * @example outcome({ kind: 'llm_request_failed', status_code: 429, error_type: 'rate_limit' }) // '429 rate_limit'
 */
export function outcome(event: WireEvent): string {
  const status = event['status_code']
  if (isFailed(event))
    return [typeof status === 'number' ? status : null, dimensionOf(event, 'error_type') ?? 'failed']
      .filter((part) => part !== null)
      .join(' ')
  if (event['aborted'] === true) return 'aborted'
  return typeof status === 'number' ? String(status) : isRequest(event) ? 'ok' : ''
}

/** What it cost, as text and to the last digit; a request without a price says so. */
export function costOf(event: WireEvent): {
  readonly text: string
  readonly exact: string
  readonly unpriced: boolean
} {
  const nano = toExact(event['cost_nano_usd'] ?? null)
  const unpriced = nano === null && isRequest(event)
  if (unpriced) return { text: 'unpriced', exact: 'No known price', unpriced }
  return { text: money(nano), exact: nano === null ? 'Only requests have a cost' : moneyExact(nano), unpriced }
}
