import { page } from './handlers/dashboard.ts'
import { listEvents } from './handlers/events.ts'
import { health, readiness, version } from './handlers/health.ts'
import { ingestEvents } from './handlers/ingest.ts'
import { invariants } from './handlers/invariants.ts'
import { live } from './handlers/live.ts'
import { query } from './handlers/query.ts'
import { status } from './handlers/status.ts'
import { tables } from './handlers/tables.ts'
import { protocol012Failure } from './protocol012/failure.ts'
import { ingestProtocol012 } from './protocol012/ingest.ts'
import { listProtocol012 } from './protocol012/list.ts'
import type { Route } from './route.ts'

/** THE table of routes. What is not here is not served. */
export const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/v1/events',
    scope: 'ingest',
    handler: ingestEvents,
    summary: 'Take one event, an array, a batch or NDJSON',
  },
  { method: 'GET', path: '/api/v1/events', scope: 'read', handler: listEvents, summary: 'List events, newest first' },
  { method: 'POST', path: '/api/v1/query', scope: 'read', handler: query, summary: 'Ask for figures' },
  {
    method: 'POST',
    path: '/api/v1/analytics/events',
    scope: 'ingest',
    handler: ingestProtocol012,
    failure: protocol012Failure,
    summary: 'Take one event of Protocol 012, an array or NDJSON',
  },
  {
    method: 'GET',
    path: '/api/v1/analytics/events/list',
    scope: 'read',
    handler: listProtocol012,
    failure: protocol012Failure,
    summary: 'List requests by page, as Protocol 012 does',
  },
  {
    method: 'GET',
    path: '/api/v1/live',
    scope: 'read',
    handler: live,
    stream: true,
    summary: 'Follow accepted events as server-sent events',
  },
  {
    method: 'GET',
    path: '/api/v1/invariants',
    scope: 'read',
    handler: invariants,
    summary: 'Show the conservation law',
  },
  {
    method: 'GET',
    path: '/api/v1/status',
    scope: 'read',
    handler: status,
    summary: 'Tell what runs here and how it does',
  },
  { method: 'GET', path: '/api/v1/tables', scope: 'read', handler: tables, summary: 'List dimensions and measures' },
  { method: 'GET', path: '/healthz', scope: 'public', handler: health, summary: 'Say that the process answers' },
  {
    method: 'GET',
    path: '/readyz',
    scope: 'public',
    handler: readiness,
    summary: 'Say whether events can be kept and queries answered',
  },
  { method: 'GET', path: '/version', scope: 'public', handler: version, summary: 'Name the version' },
  { method: 'GET', path: '/*', scope: 'public', handler: page, summary: 'Serve the dashboard' },
]
