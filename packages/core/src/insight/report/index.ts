export type { ReportQuestion, ReportScan, ReportSource } from './ask.ts'
export { buildReport, type ReportContext } from './build.ts'
export { reportMarkdown } from './markdown.ts'
export { REPORT_RANGES, type ReportRange, rangeBefore, reportRange } from './range.ts'
export * from './report.ts'
export {
  changeText,
  countText,
  durationText,
  instantText,
  ratioText,
  shortCount,
  totalText,
  UNKNOWN_FIGURE,
  usdText,
} from './words.ts'
