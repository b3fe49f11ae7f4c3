import { INGEST_PROTOCOL012_DOC } from '../openapi/protocol012.ts'
import {
  AVG_PER_REQUEST_DOC,
  BUDGET_STATUS_DOC,
  LIST_PROTOCOL012_DOC,
  SPENDING_BY_AGENT_DOC,
  SPENDING_BY_PROVIDER_DOC,
  SPENDING_TOTAL_DOC,
  TOKENS_BY_AGENT_DOC,
  USAGE_AGGREGATE_DOC,
  USAGE_BY_PROJECT_DOC,
  USAGE_BY_PROVIDER_DOC,
  USAGE_MODELS_DOC,
  USAGE_REQUESTS_DOC,
} from '../openapi/protocol012-queries.ts'
import { avgPerRequest } from '../protocol012/avg-per-request.ts'
import { budgetStatus } from '../protocol012/budget-status.ts'
import { protocol012Failure } from '../protocol012/failure.ts'
import { admitTokens, ingestProtocol012 } from '../protocol012/ingest.ts'
import { usageAggregate, usageByProject, usageByProvider } from '../protocol012/legacy-usage.ts'
import { listProtocol012 } from '../protocol012/list.ts'
import { spendingByAgent } from '../protocol012/spending-by-agent.ts'
import { spendingByProvider } from '../protocol012/spending-by-provider.ts'
import { spendingTotal } from '../protocol012/spending-total.ts'
import { tokensByAgent } from '../protocol012/tokens-by-agent.ts'
import { usageModels } from '../protocol012/usage-models.ts'
import { usageRequests } from '../protocol012/usage-requests.ts'
import type { Route } from '../route.ts'

/** Protocol 012, documented and legacy paths. */
export const PROTOCOL012_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/v1/analytics/events',
    scope: 'ingest',
    admit: admitTokens,
    handler: ingestProtocol012,
    doc: INGEST_PROTOCOL012_DOC,
    failure: protocol012Failure,
    summary: 'Take one event of Protocol 012, an array or NDJSON',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/events/list',
    scope: 'read',
    handler: listProtocol012,
    doc: LIST_PROTOCOL012_DOC,
    failure: protocol012Failure,
    summary: 'List requests by page, as Protocol 012 does',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/spending/total',
    scope: 'read',
    handler: spendingTotal,
    doc: SPENDING_TOTAL_DOC,
    failure: protocol012Failure,
    summary: 'Tell what was spent',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/spending/by-agent',
    scope: 'read',
    handler: spendingByAgent,
    doc: SPENDING_BY_AGENT_DOC,
    failure: protocol012Failure,
    summary: 'Tell what each agent has spent',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/spending/by-provider',
    scope: 'read',
    handler: spendingByProvider,
    doc: SPENDING_BY_PROVIDER_DOC,
    failure: protocol012Failure,
    summary: 'Tell what was spent at each provider',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/spending/avg-per-request',
    scope: 'read',
    handler: avgPerRequest,
    doc: AVG_PER_REQUEST_DOC,
    failure: protocol012Failure,
    summary: 'Tell what a request costs',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/budget/status',
    scope: 'read',
    handler: budgetStatus,
    doc: BUDGET_STATUS_DOC,
    failure: protocol012Failure,
    summary: 'Tell how much of each budget is gone',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/usage/requests',
    scope: 'read',
    handler: usageRequests,
    doc: USAGE_REQUESTS_DOC,
    failure: protocol012Failure,
    summary: 'Count requests',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/usage/tokens/by-agent',
    scope: 'read',
    handler: tokensByAgent,
    doc: TOKENS_BY_AGENT_DOC,
    failure: protocol012Failure,
    summary: 'Count the tokens of each agent',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/usage/models',
    scope: 'read',
    handler: usageModels,
    doc: USAGE_MODELS_DOC,
    failure: protocol012Failure,
    summary: 'Count the requests to each model',
  },
  {
    method: 'GET',
    path: '/api/v1/usage/aggregate',
    scope: 'read',
    handler: usageAggregate,
    doc: USAGE_AGGREGATE_DOC,
    failure: protocol012Failure,
    summary: 'Add up usage in cents',
  },
  {
    method: 'GET',
    path: '/api/v1/usage/by-project/:project_id',
    scope: 'read',
    handler: usageByProject,
    doc: USAGE_BY_PROJECT_DOC,
    failure: protocol012Failure,
    summary: 'Add up usage of a project in cents',
  },
  {
    method: 'GET',
    path: '/api/v1/usage/by-provider/:provider',
    scope: 'read',
    handler: usageByProvider,
    doc: USAGE_BY_PROVIDER_DOC,
    failure: protocol012Failure,
    summary: 'Add up usage at a provider in cents',
  },
  {
    method: 'GET',
    path: '/api/usage/aggregate',
    scope: 'read',
    handler: usageAggregate,
    doc: USAGE_AGGREGATE_DOC,
    failure: protocol012Failure,
    summary: 'Add up usage in cents, under the documented address',
  },
  {
    method: 'GET',
    path: '/api/usage/by-project/:project_id',
    scope: 'read',
    handler: usageByProject,
    doc: USAGE_BY_PROJECT_DOC,
    failure: protocol012Failure,
    summary: 'Add up usage of a project in cents, under the documented address',
  },
  {
    method: 'GET',
    path: '/api/usage/by-provider/:provider',
    scope: 'read',
    handler: usageByProvider,
    doc: USAGE_BY_PROVIDER_DOC,
    failure: protocol012Failure,
    summary: 'Add up usage at a provider in cents, under the documented address',
  },
]
