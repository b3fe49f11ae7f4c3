import { type ErrorCode, isTallystickError, type TallystickError } from '../errors.ts'

/** The errors of llm-edge-monitoring by its names, and their codes in the one table. */
export const MONITORING_ERRORS = {
  MetricsExport: 'metrics_export',
  TracingInit: 'tracing_init',
  Internal: 'internal_error',
} as const satisfies Record<string, ErrorCode>

/** What writing metrics or setting up traces fails with. */
export type MonitoringError = TallystickError & {
  readonly code: (typeof MONITORING_ERRORS)[keyof typeof MONITORING_ERRORS]
}

/** Is this one of {@link MONITORING_ERRORS}? */
export function isMonitoringError(error: unknown): error is MonitoringError {
  return isTallystickError(error) && Object.values<string>(MONITORING_ERRORS).includes(error.code)
}
