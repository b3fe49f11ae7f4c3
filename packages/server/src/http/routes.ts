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
import { INGEST_PROTOCOL012_DOC, LIST_PROTOCOL012_DOC } from './openapi/protocol012.ts'
import {
  ANALYTICS_AGGREGATE_DOC,
  ANALYTICS_CLEAR_DOC,
  ANALYTICS_EVENTS_DOC,
  ANALYTICS_EXPORT_DOC,
  ANALYTICS_STATS_DOC,
} from './openapi/routiium.ts'
import { BACKUP_DOC, EXPORT_DOC } from './openapi/transfer.ts'
import { protocol012Failure } from './protocol012/failure.ts'
import { admitTokens, ingestProtocol012 } from './protocol012/ingest.ts'
import { listProtocol012 } from './protocol012/list.ts'
import type { Route } from './route.ts'
import { admitAdmin } from './routiium/admin.ts'
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
    long: true,
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
    path: '/api/v1/live',
    scope: 'read',
    handler: live,
    whole: true,
    long: true,
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
    whole: true,
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
    whole: true,
    long: true,
    doc: BACKUP_DOC,
    strict: true,
    stream: true,
    summary: 'Stream a consistent backup as one tar archive',
  },
  {
    method: 'GET',
    path: '/analytics/stats',
    scope: 'admin',
    admit: admitAdmin,
    handler: stats,
    doc: ANALYTICS_STATS_DOC,
    failure: routiiumFailure('Failed to get analytics stats'),
    summary: 'Tell what the store holds, as Routiium does',
  },
  {
    method: 'GET',
    path: '/analytics/events',
    scope: 'admin',
    admit: admitAdmin,
    handler: events,
    long: true,
    doc: ANALYTICS_EVENTS_DOC,
    failure: routiiumFailure('Failed to query events'),
    summary: "List events as Routiium's documents, oldest first",
  },
  {
    method: 'GET',
    path: '/analytics/aggregate',
    scope: 'admin',
    admit: admitAdmin,
    handler: aggregate,
    doc: ANALYTICS_AGGREGATE_DOC,
    failure: routiiumFailure('Failed to aggregate analytics'),
    summary: 'Add up a period, as Routiium does',
  },
  {
    method: 'GET',
    path: '/analytics/export',
    scope: 'admin',
    admit: admitAdmin,
    handler: exportAnalytics,
    long: true,
    doc: ANALYTICS_EXPORT_DOC,
    failure: routiiumFailure('Failed to export analytics'),
    summary: 'Export a period as CSV or JSON, as Routiium does',
  },
  {
    method: 'POST',
    path: '/analytics/clear',
    scope: 'admin',
    admit: admitAdmin,
    handler: clear,
    whole: true,
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
