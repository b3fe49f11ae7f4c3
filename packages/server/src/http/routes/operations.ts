import { apiPage, openApi } from '../handlers/api-page.ts'
import { audit } from '../handlers/audit.ts'
import { backup } from '../handlers/backup.ts'
import { page } from '../handlers/dashboard.ts'
import { health, readiness, version } from '../handlers/health.ts'
import { invariants } from '../handlers/invariants.ts'
import { metrics } from '../handlers/metrics.ts'
import { providerHealth } from '../handlers/providers.ts'
import { listRepricings, showRepricing, startRepricing } from '../handlers/repricings.ts'
import { settings } from '../handlers/settings.ts'
import { status } from '../handlers/status.ts'
import { AUDIT_DOC } from '../openapi/audit.ts'
import { METRICS_DOC } from '../openapi/metrics.ts'
import {
  API_PAGE_DOC,
  FILES_DOC,
  HEALTH_DOC,
  INVARIANTS_DOC,
  OPENAPI_DOC,
  READINESS_DOC,
  STATUS_DOC,
  VERSION_DOC,
} from '../openapi/native.ts'
import { PROVIDER_HEALTH_DOC } from '../openapi/providers.ts'
import { LIST_REPRICINGS_DOC, SHOW_REPRICING_DOC, START_REPRICING_DOC } from '../openapi/repricings.ts'
import { SETTINGS_DOC } from '../openapi/settings.ts'
import { BACKUP_DOC } from '../openapi/transfer.ts'
import type { Route } from '../route.ts'

/** How it does, what it is, and the page. What takes every path comes last. */
export const OPERATION_ROUTES: readonly Route[] = [
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
    path: '/api/v1/settings',
    scope: 'admin',
    handler: settings,
    whole: true,
    doc: SETTINGS_DOC,
    strict: true,
    summary: 'Show the configuration, without its secrets',
  },
  {
    method: 'GET',
    path: '/api/v1/providers/health',
    scope: 'read',
    handler: providerHealth,
    doc: PROVIDER_HEALTH_DOC,
    strict: true,
    summary: 'Tell which providers are available, degraded or down',
  },
  {
    method: 'GET',
    path: '/api/v1/audit',
    scope: 'admin',
    handler: audit,
    control: true,
    doc: AUDIT_DOC,
    strict: true,
    summary: 'List who changed what, newest first',
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
    method: 'POST',
    path: '/api/v1/repricings',
    scope: 'admin',
    handler: startRepricing,
    control: true,
    whole: true,
    doc: START_REPRICING_DOC,
    strict: true,
    summary: 'Price events of a range anew, or compare only',
  },
  {
    method: 'GET',
    path: '/api/v1/repricings',
    scope: 'admin',
    handler: listRepricings,
    control: true,
    whole: true,
    doc: LIST_REPRICINGS_DOC,
    strict: true,
    summary: 'List the re-pricings that were applied, newest first',
  },
  {
    method: 'GET',
    path: '/api/v1/repricings/:id',
    scope: 'admin',
    handler: showRepricing,
    control: true,
    whole: true,
    doc: SHOW_REPRICING_DOC,
    strict: true,
    summary: 'Tell how a re-pricing does, and what it came to',
  },
  {
    method: 'GET',
    path: '/metrics',
    scope: 'read',
    handler: metrics,
    allAgents: true,
    doc: METRICS_DOC,
    strict: true,
    summary: 'Show figures and operation to Prometheus',
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
