import { TallystickError } from '@tallystick/core'
import { normalizeExact } from '@tallystick/core/event'
import type { FoundRecommendation } from '@tallystick/core/insight'
import { parseQuery } from '@tallystick/core/query'
import { recommendedTo } from '../../report/recommended.ts'
import { type Dismissal, dismissalId } from '../../state/dismissal.ts'
import { Members } from '../members.ts'
import { type Handler, json } from '../route.ts'
import { readJson, waitsForApplied } from './query.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30
const ID_BYTES = 4_096
const REASON_BYTES = 1_024

/**
 * `GET /api/v1/recommendations`: what should change, by the figures of a range (default: 30 days): backends in trouble first,
 * then what could be saved, the greatest first. What was dismissed is left out unless `dismissed=true`.
 */
export const listRecommendations: Handler = async (call) => {
  const { app, principal, url } = call
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const nowMs = app.clock.now()
  const parameters = url.searchParams
  const { fromMs, toMs } = parseQuery(
    {
      from: instantOf(parameters.get('from')) ?? nowMs - DEFAULT_DAYS * DAY_MS,
      to: instantOf(parameters.get('to')) ?? nowMs + 1,
    },
    { nowMs },
  )
  const { signal } = call.request
  const found = await recommendedTo(principal, {
    state: app.state,
    prices: app.prices,
    fromMs,
    toMs,
    ask: (query) => {
      const parsed = parseQuery(query, { nowMs })
      return app.queries.run(() => call.store.query(parsed, { signal }), signal)
    },
  })
  const dismissals = app.state.rows('dismissals')
  const all = parameters.get('dismissed') === 'true'
  const rows = found.flatMap((one) => {
    const dismissal = dismissals.get(dismissalId(principal.tenantId, one.id))
    return dismissal !== undefined && !all ? [] : [shown(one, toMs - fromMs, dismissal)]
  })
  return json({
    from_ms: fromMs,
    to_ms: toMs,
    dismissed: found.length - (all ? found.length : rows.length),
    recommendations: rows,
  })
}

/** `POST /api/v1/recommendations/dismiss`: it is not shown again; the audit log says who did it. */
export const dismissRecommendation: Handler = async ({ app, principal, request }) => {
  const members = new Members(await readJson(request, app), ['id', 'reason'])
  const recommendation = members.text('id', ID_BYTES)
  const reason = members.text('reason', REASON_BYTES)
  if (!members.has('id')) members.wrong('id', 'is required: the `id` of the recommendation')
  members.assertRight()
  const id = dismissalId(principal.tenantId, recommendation as string)
  const row: Dismissal = {
    id,
    ...(principal.tenantId === undefined ? {} : { tenantId: principal.tenantId }),
    recommendation: recommendation as string,
    atMs: app.clock.now(),
    actor: principal.name,
    ...(reason === undefined ? {} : { reason }),
  }
  if (!app.state.rows('dismissals').has(id) && app.state.rows('dismissals').size >= MOST_DISMISSALS)
    throw new TallystickError(
      'invalid_body',
      `No more than ${MOST_DISMISSALS} recommendations can be dismissed; restore some.`,
    )
  await app.state.write([
    { table: 'dismissals', id, row },
    ...app.audit.record(principal, 'recommendation.dismiss', recommendation as string),
  ])
  return json(dismissalJson(row))
}

const MOST_DISMISSALS = 10_000

/** `POST /api/v1/recommendations/restore`: it is shown again. Nothing happens to one that was not dismissed. */
export const restoreRecommendation: Handler = async ({ app, principal, request }) => {
  const members = new Members(await readJson(request, app), ['id'])
  const recommendation = members.text('id', ID_BYTES)
  if (!members.has('id')) members.wrong('id', 'is required: the `id` of the recommendation')
  members.assertRight()
  const id = dismissalId(principal.tenantId, recommendation as string)
  const known = app.state.rows('dismissals').has(id)
  if (known)
    await app.state.write([
      { table: 'dismissals', id, row: undefined },
      ...app.audit.record(principal, 'recommendation.restore', recommendation as string),
    ])
  return json({ id: recommendation, restored: known })
}

/** In a URL everything is text: digits are ms, the rest is RFC 3339. */
function instantOf(text: string | null): number | string | undefined {
  if (text === null || text === '') return undefined
  return /^\d{1,16}$/.test(text) ? Number(text) : text
}

function shown(found: FoundRecommendation, rangeMs: number, dismissal: Dismissal | undefined): object {
  const { savingNanoUsd: saving } = found
  return {
    id: found.id,
    kind: found.kind,
    rule: found.rule,
    severity: found.severity,
    subject: found.subject,
    advice: found.advice,
    evidence: found.evidence,
    saving_nano_usd: wire(saving),
    // At the rate of the range that was looked at.
    saving_nano_usd_30_days:
      saving === null ? null : wire(normalizeExact((BigInt(saving) * BigInt(DEFAULT_DAYS * DAY_MS)) / BigInt(rangeMs))),
    bound: found.bound,
    confidence: found.confidence,
    assumptions: found.assumptions,
    query: found.query,
    instead: found.instead ?? null,
    dismissed: dismissal === undefined ? null : dismissalJson(dismissal),
  }
}

/** An integer past 2^53 is text. */
const wire = (value: number | bigint | null): number | string | null =>
  typeof value === 'bigint' ? String(value) : value

const dismissalJson = ({ recommendation, atMs, actor, reason }: Dismissal): object => ({
  id: recommendation,
  at_ms: atMs,
  actor,
  reason: reason ?? null,
})
