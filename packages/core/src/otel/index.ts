/** Requests as OpenTelemetry tells of them: spans where they are captured, and the names of all of it. */
export type { OpenTelemetryApi } from './api.ts'
export * from './names.ts'
export { type OpenTelemetryOptions, openTelemetry } from './open-telemetry.ts'
export { errorTypeOf } from './span-attributes.ts'
