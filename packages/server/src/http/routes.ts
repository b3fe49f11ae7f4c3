import { apiPage, openApi } from './handlers/api-page.ts'
import { backup } from './handlers/backup.ts'
import { page } from './handlers/dashboard.ts'
import { listEvents } from './handlers/events.ts'
import { exportEvents } from './handlers/export.ts'
import { health, readiness, version } from './handlers/health.ts'
import { ingestEvents } from './handlers/ingest.ts'
import { invariants } from './handlers/invariants.ts'
import { live } from './handlers/live.ts'
import { query } from './handlers/query.ts'
import { status } from './handlers/status.ts'
import { tables } from './handlers/tables.ts'
import {
  API_PAGE_DOC,
  FILES_DOC,
  HEALTH_DOC,
  INGEST_DOC,
  INVARIANTS_DOC,
  LIST_EVENTS_DOC,
  LIVE_DOC,
  OPENAPI_DOC,
  QUERY_DOC,
  READINESS_DOC,
  STATUS_DOC,
  TABLES_DOC,
  VERSION_DOC,
} from './openapi/native.ts'
import { INGEST_PROTOCOL012_DOC } from './openapi/protocol012.ts'
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
} from './openapi/protocol012-queries.ts'
import {
  ANALYTICS_AGGREGATE_DOC,
  ANALYTICS_CLEAR_DOC,
  ANALYTICS_EVENTS_DOC,
  ANALYTICS_EXPORT_DOC,
  ANALYTICS_STATS_DOC,
} from './openapi/routiium.ts'
import { BACKUP_DOC, EXPORT_DOC } from './openapi/transfer.ts'
import { avgPerRequest } from './protocol012/avg-per-request.ts'
import { budgetStatus } from './protocol012/budget-status.ts'
import { protocol012Failure } from './protocol012/failure.ts'
import { ingestProtocol012 } from './protocol012/ingest.ts'
import { usageAggregate, usageByProject, usageByProvider } from './protocol012/legacy-usage.ts'
import { listProtocol012 } from './protocol012/list.ts'
import { spendingByAgent } from './protocol012/spending-by-agent.ts'
import { spendingByProvider } from './protocol012/spending-by-provider.ts'
import { spendingTotal } from './protocol012/spending-total.ts'
import { tokensByAgent } from './protocol012/tokens-by-agent.ts'
import { usageModels } from './protocol012/usage-models.ts'
import { usageRequests } from './protocol012/usage-requests.ts'
import type { Route } from './route.ts'
import { forAdmin } from './routiium/admin.ts'
import { aggregate } from './routiium/aggregate.ts'
import { clear } from './routiium/clear.ts'
import { events } from './routiium/events.ts'
import { exportEvents as exportAnalytics } from './routiium/export.ts'
import { routiiumFailure } from './routiium/failure.ts'
import { stats } from './routiium/stats.ts'

/** THE table of routes. What is not here is not served. */
export const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/v1/events',
    scope: 'ingest',
    handler: ingestEvents,
    doc: INGEST_DOC,
    summary: 'Take one event, an array, a batch or NDJSON',
  },
  {
    method: 'GET',
    path: '/api/v1/events',
    scope: 'read',
    handler: listEvents,
    doc: LIST_EVENTS_DOC,
    summary: 'List events, newest first',
  },
  {
    method: 'GET',
    path: '/api/v1/export',
    scope: 'read',
    handler: exportEvents,
    doc: EXPORT_DOC,
    summary: 'Stream all events of a range as NDJSON or CSV',
  },
  {
    method: 'POST',
    path: '/api/v1/query',
    scope: 'read',
    handler: query,
    doc: QUERY_DOC,
    strict: true,
    summary: 'Ask for figures',
  },
  {
    method: 'POST',
    path: '/api/v1/analytics/events',
    scope: 'ingest',
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
  {
    method: 'GET',
    path: '/api/v1/live',
    scope: 'read',
    handler: live,
    doc: LIVE_DOC,
    strict: true,
    stream: true,
    summary: 'Follow accepted events as server-sent events',
  },
  {
    method: 'GET',
    path: '/api/v1/invariants',
    scope: 'read',
    handler: invariants,
    doc: INVARIANTS_DOC,
    strict: true,
    summary: 'Show the conservation law',
  },
  {
    method: 'GET',
    path: '/api/v1/status',
    scope: 'read',
    handler: status,
    doc: STATUS_DOC,
    strict: true,
    summary: 'Tell what runs here and how it does',
  },
  {
    method: 'GET',
    path: '/api/v1/tables',
    scope: 'read',
    handler: tables,
    doc: TABLES_DOC,
    strict: true,
    summary: 'List dimensions and measures',
  },
  {
    method: 'GET',
    path: '/api/v1/backup',
    scope: 'admin',
    handler: backup,
    doc: BACKUP_DOC,
    strict: true,
    stream: true,
    summary: 'Stream a consistent backup as one tar archive',
  },
  {
    method: 'GET',
    path: '/analytics/stats',
    scope: 'admin',
    handler: forAdmin(stats),
    doc: ANALYTICS_STATS_DOC,
    failure: routiiumFailure('Failed to get analytics stats'),
    summary: 'Tell what the store holds, as Routiium does',
  },
  {
    method: 'GET',
    path: '/analytics/events',
    scope: 'admin',
    handler: forAdmin(events),
    doc: ANALYTICS_EVENTS_DOC,
    failure: routiiumFailure('Failed to query events'),
    summary: "List events as Routiium's documents, oldest first",
  },
  {
    method: 'GET',
    path: '/analytics/aggregate',
    scope: 'admin',
    handler: forAdmin(aggregate),
    doc: ANALYTICS_AGGREGATE_DOC,
    failure: routiiumFailure('Failed to aggregate analytics'),
    summary: 'Add up a period, as Routiium does',
  },
  {
    method: 'GET',
    path: '/analytics/export',
    scope: 'admin',
    handler: forAdmin(exportAnalytics),
    doc: ANALYTICS_EXPORT_DOC,
    failure: routiiumFailure('Failed to export analytics'),
    summary: 'Export a period as CSV or JSON, as Routiium does',
  },
  {
    method: 'POST',
    path: '/analytics/clear',
    scope: 'admin',
    handler: forAdmin(clear),
    doc: ANALYTICS_CLEAR_DOC,
    failure: routiiumFailure('Failed to clear analytics'),
    summary: 'Remove every event, as Routiium does',
  },
  {
    method: 'GET',
    path: '/healthz',
    scope: 'public',
    handler: health,
    doc: HEALTH_DOC,
    summary: 'Say that the process answers',
  },
  {
    method: 'GET',
    path: '/readyz',
    scope: 'public',
    handler: readiness,
    doc: READINESS_DOC,
    summary: 'Say whether events can be kept and queries answered',
  },
  { method: 'GET', path: '/version', scope: 'public', handler: version, doc: VERSION_DOC, summary: 'Name the version' },
  {
    method: 'GET',
    path: '/openapi.json',
    scope: 'public',
    handler: openApi,
    doc: OPENAPI_DOC,
    summary: 'Describe every route',
  },
  {
    method: 'GET',
    path: '/docs',
    scope: 'public',
    handler: apiPage,
    doc: API_PAGE_DOC,
    summary: 'Show that description as a page',
  },
  { method: 'GET', path: '/*', scope: 'public', handler: page, doc: FILES_DOC, summary: 'Serve the dashboard' },
]
