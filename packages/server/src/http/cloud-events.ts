import { TallystickError } from '@tallystick/core'
import { type BatchLimits, parseJson, weigh } from './batch.ts'
import { cloudEventFormat } from './media.ts'

/**
 * How CloudEvents stand in a request: one or several as JSON (`structured`), or one whose attributes are headers and whose
 * data is the body (`binary`).
 *
 * @source CloudEvents 1.0.2, HTTP protocol binding, sections 3.1 to 3.3
 */
export type CloudPlan =
  | { readonly mode: 'structured'; readonly batch: boolean }
  | { readonly mode: 'binary'; readonly attributes: Readonly<Record<string, string>> }

/** Attributes of a binary CloudEvent that say something to us. */
const ATTRIBUTES: readonly string[] = ['specversion', 'id', 'source', 'type', 'time', 'subject']

/**
 * Whether a request is one of CloudEvents, and how; undefined for any other.
 *
 * @throws TallystickError `unsupported_media_type`, `malformed_request`
 */
export function cloudPlan(
  contentType: string | undefined,
  header: (name: string) => string | undefined,
): CloudPlan | undefined {
  const format = cloudEventFormat(contentType)
  if (format !== undefined) return { mode: 'structured', batch: format === 'cloudevents' }
  if (header('ce-specversion') === undefined) return undefined
  const attributes: Record<string, string> = {}
  for (const name of ATTRIBUTES) {
    const value = header(`ce-${name}`)
    if (value !== undefined) attributes[name] = decoded(value, `ce-${name}`)
  }
  return { mode: 'binary', attributes }
}

/** The CloudEvents of a body, not yet looked into. @throws TallystickError `invalid_json`, `invalid_body`, `too_many_events` */
export function readCloudEvents(body: Uint8Array, plan: CloudPlan, limits: BatchLimits): readonly unknown[] {
  weigh(body, limits)
  const value = parseJson(body)
  if (plan.mode === 'binary') return [{ ...plan.attributes, data: value }]
  if (!plan.batch) return [value]
  if (!Array.isArray(value))
    throw new TallystickError(
      'invalid_body',
      'A batch of CloudEvents is an array; send one as application/cloudevents+json.',
    )
  if (value.length > limits.batchEvents)
    throw new TallystickError(
      'too_many_events',
      `The body has ${value.length} events; at most ${limits.batchEvents} are taken at once.`,
    )
  return value
}

/** Characters beyond ASCII are percent-encoded in headers. */
function decoded(value: string, header: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    throw new TallystickError('malformed_request', `The header ${header} is not percent-encoded as CloudEvents has it.`)
  }
}
