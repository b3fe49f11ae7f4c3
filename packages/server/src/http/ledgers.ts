import { type Issue, inlineIssues, TallystickError } from '@tallystick/core'
import type { SourceLedger } from '../ingest/source-ledger.ts'

const MAX_LEDGERS = 1000
const MAX_REASONS = 64
const MAX_REASON_BYTES = 64
const MAX_ISSUES = 20
/** Of `source_id` and `tenant_id`, as in an event. */
const NAME_BYTES = 128

/**
 * The ledgers beside the events of a batch: `[{"source_id","epoch","recorded","dropped":{"queue_full":3}}]`. Reasons are the
 * sender's own words; members that are not known are passed over.
 *
 * @throws TallystickError `invalid_body` with every problem, twenty at the most
 */
export function readLedgers(value: unknown): readonly SourceLedger[] {
  const issues: Issue[] = []
  const wrong = (path: string, message: string): void => {
    if (issues.length < MAX_ISSUES) issues.push({ path, message })
  }
  const ledgers: SourceLedger[] = []
  if (!Array.isArray(value)) wrong('ledgers', 'must be an array')
  else if (value.length > MAX_LEDGERS) wrong('ledgers', `must have at most ${MAX_LEDGERS} entries, not ${value.length}`)
  else
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      const path = `ledgers[${index}]`
      if (!isObject(item)) {
        wrong(path, 'must be an object')
        continue
      }
      const { tenant_id: tenantId, source_id: sourceId, epoch, recorded, dropped } = item
      ledgers.push({
        ...(tenantId === undefined || tenantId === null
          ? {}
          : { tenantId: name(tenantId, `${path}.tenant_id`, wrong) }),
        sourceId: name(sourceId, `${path}.source_id`, wrong),
        epoch: count(epoch, `${path}.epoch`, wrong),
        recorded: count(recorded, `${path}.recorded`, wrong),
        dropped: reasons(dropped, `${path}.dropped`, wrong),
      })
    }
  if (issues.length > 0)
    throw new TallystickError('invalid_body', `The ledgers of the batch are not right: ${inlineIssues(issues)}.`, {
      issues,
    })
  return ledgers
}

type Wrong = (path: string, message: string) => void

function reasons(value: unknown, path: string, wrong: Wrong): ReadonlyMap<string, number> {
  const dropped = new Map<string, number>()
  if (value === undefined) return dropped
  if (!isObject(value)) {
    wrong(path, 'must be an object of counts by reason')
    return dropped
  }
  const entries = Object.entries(value)
  if (entries.length > MAX_REASONS) wrong(path, `must have at most ${MAX_REASONS} reasons, not ${entries.length}`)
  for (const [reason, of] of entries.slice(0, MAX_REASONS)) {
    if (!isText(reason, MAX_REASON_BYTES)) wrong(path, `must have reasons of 1 to ${MAX_REASON_BYTES} bytes`)
    else dropped.set(reason, count(of, `${path}.${reason}`, wrong))
  }
  return dropped
}

function name(value: unknown, path: string, wrong: Wrong): string {
  if (typeof value === 'string' && isText(value, NAME_BYTES)) return value
  wrong(path, `must be text of 1 to ${NAME_BYTES} bytes`)
  return ''
}

function count(value: unknown, path: string, wrong: Wrong): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  wrong(path, `must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}`)
  return 0
}

function isText(text: string, maxBytes: number): boolean {
  return text !== '' && Buffer.byteLength(text) <= maxBytes && !/\p{Surrogate}|\0/u.test(text)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
