import { TallystickError } from '@tallystick/core'
import { ALERT_KINDS } from '../../alert/kinds.ts'
import { shownFiring, shownKind, shownRule } from '../../alert/shown.ts'
import { shownTarget } from '../../alert/targets.ts'
import { renderRules } from '../../metrics/rules/rules.ts'
import type { AlertRule, Delivery, Firing } from '../../state/alert.ts'
import type { AuditEntry } from '../../state/audit.ts'
import type { Change } from '../../state/state.ts'
import type { AppContext } from '../app-context.ts'
import { parseJson } from '../batch.ts'
import { readBody } from '../body.ts'
import { bodyFormat, isGzipped } from '../media.ts'
import { type Handler, json } from '../route.ts'

type AuditFacts = NonNullable<AuditEntry['facts']>

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000

/** `GET /api/v1/alerts/rules`: the rules that may be seen, and the table of kinds for whoever writes one. */
export const listRules: Handler = ({ app, principal }) =>
  json({ rules: app.alerts.rules(principal).map((rule) => ruleJson(app, rule)), kinds: ALERT_KINDS.map(shownKind) })

/** `GET /api/v1/alerts/rules/prometheus`: the same rules as a rule file of Prometheus. */
export const prometheusRules: Handler = ({ app, principal }) =>
  new Response(renderRules(app.alerts.rules(principal), principal), { headers: { 'content-type': 'application/yaml' } })

/** `POST /api/v1/alerts/rules` */
export const createRule: Handler = async ({ request, app, principal }) => {
  const audited = (rule: AlertRule): readonly Change[] =>
    app.audit.record(principal, 'alert_rule.create', rule.id, factsOf(rule))
  return json({ rule: ruleJson(app, await app.alerts.create(await ruleBody(request, app), principal, audited)) }, 201)
}

/** `PUT /api/v1/alerts/rules/:id`: all of it anew; targets may come back as they were shown. */
export const replaceRule: Handler = async ({ request, app, principal, params }) => {
  const input = await ruleBody(request, app)
  const audited = (rule: AlertRule): readonly Change[] =>
    app.audit.record(principal, 'alert_rule.update', rule.id, factsOf(rule))
  return json({ rule: ruleJson(app, await app.alerts.replace(params['id'] ?? '', input, principal, audited)) })
}

/** `DELETE /api/v1/alerts/rules/:id` */
export const removeRule: Handler = async ({ app, principal, params }) => {
  const id = params['id'] ?? ''
  await app.alerts.remove(id, principal, app.audit.record(principal, 'alert_rule.delete', id))
  return json({ removed: id })
}

/** `POST /api/v1/alerts/rules/:id/test`: what each target said to a message that is marked as a test. */
export const testRule: Handler = async ({ app, principal, params }) => {
  const results = await app.alerts.test(params['id'] ?? '', principal)
  return json({
    results: results.map(({ target, outcome, tookMs }) => ({
      target: shownTarget(target),
      ok: outcome.ok,
      detail: outcome.detail,
      took_ms: tookMs,
    })),
  })
}

/** `GET /api/v1/alerts`: what fires now and what did, newest first. */
export const listAlerts: Handler = ({ app, url, principal }) => {
  const state = (url.searchParams.get('state') ?? 'all') as 'all' | 'firing' | 'resolved'
  const ruleId = url.searchParams.get('rule_id')
  const after = url.searchParams.get('cursor')
  if (after !== null && !/^[0-9a-f-]{36}$/.test(after)) throw new TallystickError('invalid_cursor')
  const { firings, next } = app.alerts.firings(
    {
      state,
      limit: limitOf(url.searchParams.get('limit')),
      ...(ruleId === null ? {} : { ruleId }),
      ...(after === null ? {} : { after }),
    },
    principal,
  )
  const told = deliveriesOf(app, firings)
  return json({
    alerts: firings.map((firing) => shownFiring(firing, told.get(firing.id) ?? [])),
    next_cursor: next ?? null,
  })
}

/** `POST /api/v1/alerts/:id/acknowledge` */
export const acknowledgeAlert: Handler = async ({ app, principal, params }) => {
  const firing = await app.alerts.acknowledge(params['id'] ?? '', principal)
  return json({ alert: shownFiring(firing, deliveriesOf(app, [firing]).get(firing.id) ?? []) })
}

/** Where it tells is left out: addresses of webhooks are secrets. */
function factsOf({ name, kind, enabled, targets }: AlertRule): AuditFacts {
  return { name, kind, enabled, targets: targets.length }
}

function ruleJson(app: AppContext, rule: AlertRule): Record<string, unknown> {
  const { firing, ...health } = app.alerts.health(rule)
  return shownRule(rule, health, firing)
}

function deliveriesOf(app: AppContext, firings: readonly Firing[]): ReadonlyMap<string, readonly Delivery[]> {
  const told = new Map<string, Delivery[]>(firings.map(({ id }) => [id, []]))
  for (const delivery of app.state.rows('deliveries').values()) told.get(delivery.firingId)?.push(delivery)
  return told
}

function limitOf(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  const message = `must be a whole number from 1 to ${MAX_LIMIT}`
  throw new TallystickError('invalid_query', `limit: ${message}.`, { issues: [{ path: 'limit', message }] })
}

async function ruleBody({ headers, body }: Request, app: AppContext): Promise<unknown> {
  if (bodyFormat(headers.get('content-type') ?? undefined) !== 'json')
    throw new TallystickError('unsupported_media_type', 'A rule is one JSON object; send application/json.')
  if (isGzipped(headers.get('content-encoding') ?? undefined))
    throw new TallystickError('unsupported_encoding', 'A rule is small; send it uncompressed.')
  const bytes = await readBody(body, app.limits.queryBytes, app.budget)
  try {
    return parseJson(bytes)
  } finally {
    app.budget.give(bytes.byteLength)
  }
}
