import { OTLP_LOGS_DOC, OTLP_METRICS_DOC, OTLP_TRACES_DOC } from '../openapi/otlp.ts'
import { otlpFailure } from '../otlp/answer.ts'
import { receive } from '../otlp/receive.ts'
import type { Route } from '../route.ts'

/** Exporters of OpenTelemetry. */
export const OTLP_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/traces',
    scope: 'ingest',
    handler: receive('traces'),
    control: true,
    doc: OTLP_TRACES_DOC,
    failure: otlpFailure,
    summary: 'Take spans of OpenTelemetry',
  },
  {
    method: 'POST',
    path: '/v1/logs',
    scope: 'ingest',
    handler: receive('logs'),
    control: true,
    doc: OTLP_LOGS_DOC,
    failure: otlpFailure,
    summary: 'Take log records of OpenTelemetry',
  },
  {
    method: 'POST',
    path: '/v1/metrics',
    scope: 'ingest',
    handler: receive('metrics'),
    control: true,
    doc: OTLP_METRICS_DOC,
    failure: otlpFailure,
    summary: 'Take metrics of OpenTelemetry',
  },
]
