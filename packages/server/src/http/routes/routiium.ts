import {
  ANALYTICS_AGGREGATE_DOC,
  ANALYTICS_CLEAR_DOC,
  ANALYTICS_EVENTS_DOC,
  ANALYTICS_EXPORT_DOC,
  ANALYTICS_STATS_DOC,
} from '../openapi/routiium.ts'
import type { Route } from '../route.ts'
import { admitAdmin } from '../routiium/admin.ts'
import { aggregate } from '../routiium/aggregate.ts'
import { clear } from '../routiium/clear.ts'
import { events } from '../routiium/events.ts'
import { exportEvents as exportAnalytics } from '../routiium/export.ts'
import { routiiumFailure } from '../routiium/failure.ts'
import { stats } from '../routiium/stats.ts'

/** Routiium's five. */
export const ROUTIIUM_ROUTES: readonly Route[] = [
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
    control: true,
    whole: true,
    doc: ANALYTICS_CLEAR_DOC,
    failure: routiiumFailure('Failed to clear analytics'),
    summary: 'Remove every event, as Routiium does',
  },
]
