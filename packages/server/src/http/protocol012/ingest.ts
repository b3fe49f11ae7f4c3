import { ERRORS, TallystickError } from '@tallystick/core'
import type { Evidence } from '../../identity/auth-method.ts'
import { bearerOf } from '../../identity/bearer.ts'
import { LOCAL, NOBODY, type Principal } from '../../identity/principal.ts'
import type { IngestAnswer, IngestRequest, Observed, RejectedItem } from '../../ingest/ingest.ts'
import { addressEvidence } from '../address/evidence.ts'
import type { AppContext } from '../app-context.ts'
import { doorDecoder } from '../batch.ts'
import { readBody, unpacked } from '../body.ts'
import type { IngestPlan } from '../ingest-door.ts'
import { type Call, type Handler, json } from '../route.ts'
import { protocolDecoder, tokenOf } from './decode.ts'
import { protocolCode } from './failure.ts'
import { readSubmission, type Submission } from './submission.ts'
import { type Credential, readCredential } from './tokens.ts'

/**
 * `POST /api/v1/analytics/events`: one event, or an array or NDJSON of events. Each carries its `ic_token`, or the request
 * does once, as `Authorization: Bearer` or `X-Api-Key`. An API key stands for one too.
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

/** The route's own way in: who sends stands in the body, beside each event, and is looked at there. */
export function admitTokens(_: Evidence, { identity }: AppContext): Principal {
  return identity.closed() ? NOBODY : LOCAL
}

async function take(call: Call, { items, batch }: Submission, plan: IngestPlan): Promise<Response> {
  const { app, request } = call
  const { clientAddress, ingest, limits, protocol012 } = app
  const usual = bearerOf(request.headers) ?? request.headers.get('x-api-key') ?? undefined
  const tokens = await readTokens(items, usual, app)
  tokens.admit()
  protocol012.admitEvents(tokens.counts)
  const answer = await ingest.submit({
    items,
    decode: clientAddress.held(doorDecoder(limits.depth, protocolDecoder(tokens.credentialOf))),
    door: 'protocol012',
    ack: plan.ack,
    appliedWithinMs: limits.appliedWaitMs,
    wantResults: true,
    observed: tokens.observed(clientAddress.observed(addressEvidence(call))),
  })
  return batch ? json(batchAnswer(answer)) : singleAnswer(answer)
}

interface Tokens {
  credentialOf(item: unknown): Credential
  /** Events under each accepted token. */
  readonly counts: ReadonlyMap<string, number>
  /** @throws TallystickError what is wrong with the first token, when none is accepted */
  admit(): void
  /** What the door saw of who sends each item. */
  observed(sender: Observed | undefined): NonNullable<IngestRequest['observed']>
}

/** Each token of a body is read once: most bodies have one for all their events. */
async function readTokens(items: readonly unknown[], usual: string | undefined, app: AppContext): Promise<Tokens> {
  const tokenOfItem = (item: unknown): unknown => tokenOf(item) ?? usual
  const credentials = new Map<unknown, Credential>()
  const counts = new Map<string, number>()
  for (const token of items.length === 0 ? [usual] : items.map(tokenOfItem)) {
    const credential = credentials.get(token) ?? (await readCredential(token, app))
    credentials.set(token, credential)
    if (typeof token === 'string' && credential.ok && items.length > 0) counts.set(token, (counts.get(token) ?? 0) + 1)
  }
  const credentialOf = (item: unknown): Credential => credentials.get(tokenOfItem(item)) as Credential
  return {
    counts,
    credentialOf,
    admit() {
      if (counts.size > 0) return
      const [first] = credentials.values()
      if (first === undefined || first.ok) return
      const issues = [{ path: 'ic_token', message: first.message }]
      throw new TallystickError(first.code, first.message, { issues })
    },
    observed(sender) {
      const seen = (credential: Credential): Observed => ({ ...sender, ...(credential.ok ? credential.observed : {}) })
      const [only, ...others] = credentials.values()
      if (only !== undefined && others.length === 0) return seen(only)
      const tokens = items.map(tokenOfItem)
      return (index) => seen(credentials.get(tokens[index]) as Credential)
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
