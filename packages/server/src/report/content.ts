import { instantText, type Report, reportMarkdown } from '@tallystick/core/insight'
import type { ReportFormat } from '../state/report-format.ts'
import type { MakePdf } from './pdf.ts'

/** A report as it is handed out. */
export interface ReportContent {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string
  /** Ends in what the format is usually called. */
  readonly filename: string
  /** What a browser may do with it; absent: what it may do with anything of ours. */
  readonly policy?: string
}

export const EXTENSIONS: Readonly<Record<ReportFormat, string>> = {
  json: 'json',
  markdown: 'md',
  html: 'html',
  pdf: 'pdf',
}

/** @throws TallystickError `pdf_unavailable`, `query_cancelled` */
export async function contentOf(
  report: Report,
  format: ReportFormat,
  pdf: MakePdf,
  signal: AbortSignal,
): Promise<ReportContent> {
  const filename = `${nameOf(report)}.${EXTENSIONS[format]}`
  const text = (body: string, type: string): ReportContent => ({
    bytes: new TextEncoder().encode(body),
    type,
    filename,
  })
  if (format === 'json') return text(`${JSON.stringify(report, null, 2)}\n`, 'application/json')
  if (format === 'markdown') return text(reportMarkdown(report), 'text/markdown; charset=utf-8')
  // Of no use to who wants figures: loaded when a page is made.
  const { REPORT_POLICY, reportHtml } = await import('./html/page.ts')
  if (format === 'html') return { ...text(reportHtml(report), 'text/html; charset=utf-8'), policy: REPORT_POLICY }
  return { bytes: await pdf(reportHtml(report), signal), type: 'application/pdf', filename }
}

/** The first and the last day that it is about, e.g. `usage-2026-11-14-to-2026-11-20`. */
function nameOf({ from_ms: fromMs, to_ms: toMs, time_zone: zone }: Report): string {
  const day = (ms: number): string => instantText(ms, zone).slice(0, 10)
  return `usage-${day(fromMs)}-to-${day(toMs - 1)}`
}
