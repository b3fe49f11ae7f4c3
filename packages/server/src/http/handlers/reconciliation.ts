import { TallystickError } from '@tallystick/core'
import { parseQuery } from '@tallystick/core/query'
import type { Principal } from '../../identity/principal.ts'
import { billChanges } from '../../reconcile/bill-changes.ts'
import { readBillInput } from '../../reconcile/bill-input.ts'
import { type Comparison, compare, comparisonJson, MEASURES, totalsJson } from '../../reconcile/compare.ts'
import type { BillRow } from '../../state/bill.ts'
import { type Call, type Handler, json } from '../route.ts'
import { readJson, waitsForApplied } from './query.ts'
import { tenantToo } from './tenants.ts'

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 31
const MOST_DAYS = 366
const MOST_GROUPS = 10_000

/**
 * `GET /api/v1/reconciliation`: what was recorded beside what providers bill, by day of UTC and model, of `[from, to)`.
 *
 * A bill is that of an account, so whoever sees some agents only sees none; a tenant's principal sees the tenant's.
 */
export const showReconciliation: Handler = async (call) => {
  const { app, principal, url } = call
  const { searchParams } = url
  const tenantId = tenantAsked(searchParams.get('tenant_id') ?? undefined, principal)
  const range = rangeOf(searchParams, app.clock.now())
  const provider = searchParams.get('provider')
  const bills = [...app.state.rows('bills').values()].filter(
    (bill) =>
      principal.agentIds === undefined &&
      bill.tenantId === tenantId &&
      (provider === null || bill.provider === provider) &&
      bill.day >= range.from &&
      bill.day < range.to,
  )
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const providers = []
  for (const name of [...new Set(bills.map((bill) => bill.provider))].sort()) {
    const comparisons = await compared(
      call,
      bills.filter((bill) => bill.provider === name),
      name,
      tenantId,
    )
    providers.push({ provider: name, rows: comparisons.map(comparisonJson), totals: totalsJson(comparisons) })
  }
  return json({ ...range, tenant_id: tenantId ?? null, providers })
}

async function compared(
  { app, store, request }: Call,
  bills: readonly BillRow[],
  provider: string,
  tenantId: string | undefined,
): Promise<readonly Comparison[]> {
  const days = bills.map(({ day }) => Date.parse(`${day}T00:00:00Z`))
  const query = parseQuery(
    {
      from: Math.min(...days),
      to: Math.max(...days) + DAY_MS,
      measures: [...MEASURES],
      group_by: ['model', 'response_model'],
      interval: '1d',
      time_zone: 'UTC',
      limit: MOST_GROUPS,
      filters: {
        provider: [provider],
        kind: ['llm_request_completed', 'llm_request_failed'],
        // What a gateway answered itself is on nobody's bill.
        cache_hit: { not: [true] },
        ...(tenantId === undefined ? {} : { tenant_id: [tenantId] }),
      },
    },
    { nowMs: app.clock.now() },
  )
  const { signal } = request
  const { rows } = await app.queries.run(() => store.query(query, { signal }), signal)
  return compare(bills, rows)
}

/** `POST /api/v1/reconciliation`: a part of a provider's bill in the place of what was known of it for its days. */
export const putReconciliation: Handler = async ({ request, app, principal }) => {
  const input = readBillInput(await readJson(request, app))
  const tenantId = tenantAsked(input.tenantId, principal)
  if (principal.agentIds !== undefined)
    throw new TallystickError('forbidden', 'A bill is of an account, and these credentials are of some agents only.')
  const changes = billChanges(app.state.rows('bills').values(), { ...input, tenantId }, app.clock.now())
  const facts = { part: input.part, days: input.days.length }
  await app.state.write([
    ...tenantToo(app, principal, tenantId),
    ...changes,
    ...app.audit.record(principal, 'reconciliation.put', input.provider, facts),
  ])
  return json({
    provider: input.provider,
    part: input.part,
    days: input.days.length,
    rows: input.days.reduce((sum, { rows }) => sum + rows.length, 0),
  })
}

/** @throws TallystickError `forbidden` for a tenant's principal that names another */
function tenantAsked(named: string | undefined, { tenantId }: Principal): string | undefined {
  if (tenantId === undefined) return named
  if (named === undefined || named === tenantId) return tenantId
  throw new TallystickError('forbidden', 'These credentials are of one tenant, and see that alone.')
}

/** Days of UTC, the second not included. @throws TallystickError `invalid_query` */
function rangeOf(parameters: URLSearchParams, nowMs: number): { readonly from: string; readonly to: string } {
  const today = nowMs - (nowMs % DAY_MS)
  const toMs = dayIn(parameters, 'to') ?? today + DAY_MS
  const fromMs = dayIn(parameters, 'from') ?? toMs - DEFAULT_DAYS * DAY_MS
  if (fromMs >= toMs || toMs - fromMs > MOST_DAYS * DAY_MS)
    throw new TallystickError('invalid_query', `from must be before to, and at most ${MOST_DAYS} days.`, {
      issues: [{ path: 'from', message: `must be 1 to ${MOST_DAYS} days before to` }],
    })
  return { from: dayText(fromMs), to: dayText(toMs) }
}

function dayIn(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === null) return undefined
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  if (!Number.isNaN(ms) && dayText(ms) === text) return ms
  throw new TallystickError('invalid_query', `${name} must be a day of UTC such as 2026-11-21.`, {
    issues: [{ path: name, message: 'must be a day such as 2026-11-21' }],
  })
}

const dayText = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
