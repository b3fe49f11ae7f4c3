/**
 * The class `UsageAnalytics` of smart-ai-bridge on top of Tallystick's events, and the import of what it left on disk. Node
 * only.
 */
export { type ImportOptions, importUsageAnalytics } from './import.ts'
export type { UsageAnalyticsOptions } from './options.ts'
export { markdownReport } from './report.ts'
export type * from './types.ts'
export { UsageAnalytics, UsageAnalytics as default } from './usage-analytics.ts'
