/** What a report can be written as. */
export const REPORT_FORMATS = ['json', 'markdown', 'html', 'pdf'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]
