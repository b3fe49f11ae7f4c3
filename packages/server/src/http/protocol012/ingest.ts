import { ERRORS, TallystickError } from '@tallystick/core'
import type { IngestAnswer, RejectedItem } from '../../ingest/ingest.ts'
import { addressEvidence } from '../address/evidence.ts'
import { doorDecoder } from '../batch.ts'
import { readBody, unpacked } from '../body.ts'
import type { IngestPlan } from '../ingest-door.ts'
import { type Call, type Handler, json } from '../route.ts'
import { bearerOf } from './bearer.ts'
import { protocolDecoder, tokenOf } from './decode.ts'
import { protocolCode } from './failure.ts'
import { readSubmission, type Submission } from './submission.ts'
import type { TokenReading } from './token.ts'

/**
 * `POST /api/v1/analytics/events`: one event, or an array or NDJSON of events. Each carries its `ic_token`, or the request
 * does once, as `Authorization: Bearer`.
 *
 * | outcome | one event | in a batch, which is 200 |
 * |---|---|---|
 * | new | 202 `{"event_id","status":"accepted"}` | `accepted` |
 * | known, same content | 200 `{"event_id","status":"duplicate"}` | `duplicate` |
 * | known, other content: the first stands | 200 as above with `"conflict":true` | `conflict` |
 * | refused | 400 to 422, the dialect's error | `rejected` with `code`, `reason`, `field`, `message` |
 *
 * A batch of which no item has a token that is accepted is refused as a whole, like one event: its sender has to mend
 * the token, not the events.
 */
export const ingestProtocol012: Handler = async (call) => {
  const { request, url, app } = call
  const { headers } = request
  const { door, budget, limits } = app
  const plan = door.plan({
    contentType: headers.get('content-type') ?? undefined,
    contentEncoding: headers.get('content-encoding') ?? undefined,
    idempotencyKey: undefined,
    search: url.search,
  })
  const bytes = await readBody(request.body, limits.bodyBytes, budget)
  try {
    return await unpacked(bytes, plan.gzipped, limits.inflatedBytes, budget, (body) =>
      take(call, readSubmission(body, plan.format, limits), plan),
    )
  } finally {
    budget.give(bytes.byteLength)
  }
}

async function take(call: Call, { items, batch }: Submission, plan: IngestPlan): Promise<Response> {
  const { app, request } = call
  const { clientAddress, ingest, limits, protocol012 } = app
  const tokens = tokenLedger(bearerOf(request.headers), (token) => protocol012.readToken(token, app.clock.now()))
  tokens.admit(items)
  protocol012.admitEvents(tokens.counts)
  const answer = await ingest.submit({
    items,
    decode: clientAddress.held(doorDecoder(limits.depth, protocolDecoder(tokens.readingOf))),
    door: 'protocol012',
    ack: plan.ack,
    appliedWithinMs: limits.appliedWaitMs,
    wantResults: true,
    observed: {
      ...clientAddress.observed(addressEvidence(call)),
      authMethod: 'ic_token',
      authenticated: protocol012.verifies,
    },
  })
  return batch ? json(batchAnswer(answer)) : singleAnswer(answer)
}

interface TokenLedger {
  readingOf(item: unknown): TokenReading
  /** Events under each accepted token. */
  readonly counts: ReadonlyMap<string, number>
  /** @throws TallystickError what is wrong with the first token, when none is accepted */
  admit(items: readonly unknown[]): void
}

/** Each token of a body is read once: most bodies have one for all their events. */
function tokenLedger(bearer: string | undefined, read: (token: unknown) => TokenReading): TokenLedger {
  const readings = new Map<unknown, TokenReading>()
  const counts = new Map<string, number>()
  const reading = (token: unknown): TokenReading => {
    const known = readings.get(token) ?? read(token)
    readings.set(token, known)
    return known
  }
  return {
    counts,
    readingOf: (item) => reading(tokenOf(item) ?? bearer),
    admit(items) {
      for (const item of items) {
        const token = tokenOf(item) ?? bearer
        if (typeof token === 'string' && reading(token).ok) counts.set(token, (counts.get(token) ?? 0) + 1)
      }
      if (counts.size > 0) return
      const first = reading(items.length === 0 ? bearer : (tokenOf(items[0]) ?? bearer))
      if (first.ok) return
      const issues = [{ path: 'ic_token', message: first.message }]
      throw new TallystickError(first.code, first.message, { issues })
    },
  }
}

function singleAnswer({ results, rejected: [refusal] }: IngestAnswer): Response {
  if (refusal !== undefined) {
    const { code, message, field } = refusal
    throw new TallystickError(code, message, field === undefined ? {} : { issues: [{ path: field, message }] })
  }
  const [result] = results ?? []
  const event = { event_id: result?.event_id }
  if (result?.status === 'accepted') return json({ ...event, status: 'accepted' }, 202)
  return json({ ...event, status: 'duplicate', ...(result?.status === 'conflict' ? { conflict: true } : {}) })
}

function batchAnswer({ results = [], rejected }: IngestAnswer): object {
  const refusals = new Map(rejected.map((refusal) => [refusal.index, refusal]))
  return {
    results: results.map(({ index, event_id, status }) => ({
      event_id: event_id ?? null,
      status,
      ...refusalMembers(refusals.get(index)),
    })),
  }
}

function refusalMembers(refusal: RejectedItem | undefined): object {
  if (refusal === undefined) return {}
  const { code, message, field } = refusal
  const more = field === undefined ? {} : { field }
  return { code: protocolCode(code, ERRORS[code].status), reason: code, ...more, message }
}
