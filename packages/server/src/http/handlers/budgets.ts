import { TallystickError } from '@tallystick/core'
import { type BudgetDefinition, readDefinition } from '../../budget/definition.ts'
import type { BudgetFigures } from '../../budget/figures.ts'
import { Members } from '../../budget/members.ts'
import type { Principal } from '../../identity/principal.ts'
import { seesBudget } from '../../identity/sees-budget.ts'
import type { Budget } from '../../state/budget.ts'
import { type Call, type Handler, json } from '../route.ts'
import { readJson } from './query.ts'

/** `GET /api/v1/budgets`: those that the principal may see, in the order in which they were made. */
export const listBudgets: Handler = async ({ app: { budgets }, principal }) => {
  const visible = budgets.list(principal.tenantId).filter((budget) => seesBudget(budget, principal))
  const figures = await budgets.figures(visible)
  return json({ budgets: visible.map((budget, index) => rowOf(budget, figures[index])) })
}

/** `GET /api/v1/budgets/:id`. */
export const showBudget: Handler = async (call) => json(await told(call, budgetOf(call)))

/** `POST /api/v1/budgets`. */
export const createBudget: Handler = async (call) => {
  const { app, principal } = call
  const definition = owned(readDefinition(await readJson(call.request, app)), principal)
  const { id = app.newRequestId() } = definition
  const audit = app.audit.record(principal, 'budget.create', id, factsOf(definition))
  return json(await told(call, await app.budgets.create({ ...definition, id }, audit)), 201)
}

/** `PUT /api/v1/budgets/:id`: the whole definition anew. */
export const updateBudget: Handler = async (call) => {
  const { app, principal } = call
  const budget = budgetOf(call)
  const definition = owned(readDefinition(await readJson(call.request, app)), principal)
  if (definition.id !== undefined && definition.id !== budget.id)
    throw new TallystickError('unknown_value', 'The id of a budget cannot be changed; leave it out.', {
      issues: [{ path: 'id', message: `must be ${budget.id}, or absent` }],
    })
  const audit = app.audit.record(principal, 'budget.update', budget.id, factsOf(definition))
  return json(await told(call, await app.budgets.update(budget, definition, audit)))
}

/** `POST /api/v1/budgets/:id/reset`: counts from now on. */
export const resetBudget: Handler = async (call) => {
  const { app, principal } = call
  const budget = budgetOf(call)
  const revision = await revisionIn(call)
  const audit = app.audit.record(principal, 'budget.reset', budget.id)
  return json(await told(call, await app.budgets.reset(budget, revision, audit)))
}

/** `DELETE /api/v1/budgets/:id`. */
export const deleteBudget: Handler = async (call) => {
  const { app, principal, url } = call
  const budget = budgetOf(call)
  const said = url.searchParams.get('revision')
  if (said !== null && !/^[1-9]\d{0,14}$/.test(said))
    throw new TallystickError('not_an_integer', 'revision must be the number of a revision.', {
      issues: [{ path: 'revision', message: 'must be an integer from 1' }],
    })
  const audit = app.audit.record(principal, 'budget.delete', budget.id)
  await app.budgets.remove(budget, said === null ? undefined : Number(said), audit)
  return json({ deleted: budget.id })
}

/** @throws TallystickError `budget_not_found`, also for what is there for others only */
function budgetOf({ app, principal, params }: Call): Budget {
  const budget = app.budgets.get(params['id'] ?? '', principal.tenantId)
  if (!seesBudget(budget, principal)) throw new TallystickError('budget_not_found', 'There is no such budget.')
  return budget
}

/** A tenant's administrator makes that tenant's budgets, whatever the body says. */
function owned(definition: BudgetDefinition, { tenantId, agentIds }: Principal): BudgetDefinition {
  const { subject } = definition
  if (agentIds !== undefined && !(subject?.dimension === 'agent_id' && agentIds.has(subject.value)))
    throw new TallystickError(
      'unknown_value',
      'These credentials are for some agents only, and so must their budgets be.',
      {
        issues: [{ path: 'subject', message: 'must be one of the agents of these credentials' }],
      },
    )
  if (tenantId !== undefined) return { ...definition, tenantId }
  const { tenantId: _, ...untenanted } = definition
  return agentIds === undefined ? definition : untenanted
}

async function revisionIn({ request, app }: Call): Promise<number | undefined> {
  const members = new Members(await readJson(request, app, {}), 'request', ['revision'])
  const revision = members.integer('revision', 1, Number.MAX_SAFE_INTEGER)
  members.throwIfWrong()
  return revision
}

function factsOf({ name, amount, unit, mode, window }: BudgetDefinition): Readonly<Record<string, string>> {
  return { name, amount, unit, mode, window: window.kind }
}

async function told({ app }: Call, budget: Budget): Promise<object> {
  const [figures] = await app.budgets.figures([budget])
  return rowOf(budget, figures)
}

/** A budget on the wire. Amounts are decimal integers in strings: some are past 2^53. */
function rowOf(budget: Budget, figures: BudgetFigures | undefined): object {
  const { id, name, tenantId, subject, unit, amount, window, mode, thresholds, revision = 1 } = budget
  return {
    id,
    name,
    tenant_id: tenantId ?? null,
    subject: subject ?? null,
    unit,
    amount,
    window:
      window.kind === 'rolling' || window.kind === 'total' ? window : { kind: window.kind, time_zone: window.timeZone },
    mode,
    thresholds,
    revision,
    created_ms: budget.createdMs,
    updated_ms: budget.updatedMs,
    counted_from_ms: budget.countedFromMs ?? null,
    ...(figures === undefined ? {} : standing(figures, budget)),
  }
}

function standing(figures: BudgetFigures, { crossings = [] }: Budget): object {
  const { spent, reserved, remaining, percentBp, status, riskLevel, projected } = figures
  return {
    spent: String(spent),
    reserved: String(reserved),
    remaining: String(remaining),
    used_basis_points: Number(percentBp),
    status,
    risk_level: riskLevel,
    projected: projected === undefined ? null : String(projected),
    requests: figures.requests,
    unpriced_requests: figures.unpricedRequests,
    leases: figures.leases,
    window_start_ms: figures.windowStartMs,
    resets_ms: figures.resetsMs ?? null,
    crossed: crossings
      .filter(({ windowStartMs }) => windowStartMs >= figures.windowStartMs)
      .map(({ threshold, atMs }) => ({ threshold, at_ms: atMs })),
  }
}
