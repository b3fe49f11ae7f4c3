import { showEvent } from '../handlers/event.ts'
import { listEvents } from '../handlers/events.ts'
import { exportEvents } from '../handlers/export.ts'
import { exportFocus } from '../handlers/export-focus.ts'
import { ingestEvents } from '../handlers/ingest.ts'
import { SHOW_EVENT_DOC } from '../openapi/event.ts'
import { INGEST_DOC, LIST_EVENTS_DOC } from '../openapi/native.ts'
import { EXPORT_DOC, EXPORT_FOCUS_DOC } from '../openapi/transfer.ts'
import type { Route } from '../route.ts'

/** Events in and out. */
export const EVENT_ROUTES: readonly Route[] = [
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
    path: '/api/v1/events/:event_id',
    scope: 'read',
    handler: showEvent,
    doc: SHOW_EVENT_DOC,
    summary: 'One event, and the receipt of its cost',
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
    method: 'GET',
    path: '/api/v1/export/focus',
    scope: 'read',
    handler: exportFocus,
    long: true,
    doc: EXPORT_FOCUS_DOC,
    summary: 'Stream what was spent as rows of FOCUS 1.2',
  },
]
