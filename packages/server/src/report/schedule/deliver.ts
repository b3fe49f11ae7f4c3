import { changeText, instantText, type Report, type ReportTotal, totalText, usdText } from '@tallystick/core/insight'
import type { Mail } from '../../alert/delivery/mail.ts'
import type { Outcome } from '../../alert/delivery/outcome.ts'
import type { Sender } from '../../alert/delivery/send.ts'
import type { ReportRun, ReportSchedule } from '../../state/report-schedule.ts'
import { EXTENSIONS, type ReportContent } from '../content.ts'
import { writeReport } from './file.ts'

/** How reports go out. */
export interface DeliveryParts {
  readonly sender: Pick<Sender, 'postJson' | 'mail'>
  /** Below which files are written; absent: none are. */
  readonly dir?: string
}

/** What is delivered. */
export interface Parcel {
  readonly schedule: ReportSchedule
  readonly run: ReportRun
  readonly report: Report
  readonly content: ReportContent
}

/** One attempt. Never rejects. */
export async function deliver({ sender, dir }: DeliveryParts, parcel: Parcel): Promise<Outcome> {
  const { schedule, run, content } = parcel
  const { target } = schedule
  if (target.kind === 'webhook') return sender.postJson(target, messageOf(parcel))
  if (target.kind === 'mail') return sender.mail(mailOf(parcel, target.to))
  if (dir === undefined) return { ok: false, detail: 'files need reports.dir' }
  return writeReport(dir, target, run, { bytes: content.bytes, extension: EXTENSIONS[schedule.format] })
}

/** The body that a webhook receives: a JSON report as it is, anything else as text, a PDF in base64. */
function messageOf({ schedule, run, report, content }: Parcel): object {
  const { format, id, name } = schedule
  const { bytes, filename, type } = content
  const held =
    format === 'json'
      ? { report }
      : format === 'pdf'
        ? { encoding: 'base64', content: Buffer.from(bytes).toString('base64') }
        : { encoding: 'utf-8', content: new TextDecoder().decode(bytes) }
  return {
    id: run.id,
    type: 'report',
    schedule: { id, name },
    due_ms: run.dueMs,
    from_ms: report.from_ms,
    to_ms: report.to_ms,
    format,
    filename,
    content_type: type,
    ...held,
  }
}

const SAID: readonly string[] = ['requests', 'total_tokens', 'error_ratio', 'duration_ms_p95']

function mailOf({ schedule, run, report, content }: Parcel, to: string): Mail {
  const { totals, projection, time_zone: zone } = report
  const day = (ms: number): string => instantText(ms, zone)
  const line = ({ label, ...total }: ReportTotal): string => {
    const change = changeText(total)
    return `${label}: ${totalText(total)}${change === undefined ? '' : ` (${change})`}`
  }
  const cost = totals['cost_nano_usd'] as ReportTotal
  return {
    to,
    subject: `${schedule.name}: ${totalText(cost)}, ${day(report.from_ms)} to ${day(report.to_ms)}`,
    text: [
      `${day(report.from_ms)} to ${day(report.to_ms)}, ${zone}`,
      '',
      line({ ...cost, label: 'Spend, list price' }),
      ...SAID.map((name) => line(totals[name] as ReportTotal)),
      `At this rate 30 days cost ${usdText(projection.month_nano_usd)}.`,
      '',
      `The report is attached: ${content.filename}`,
      `message: ${run.id}`,
      '',
    ].join('\n'),
    id: run.id,
    attachments: [{ filename: content.filename, contentType: content.type, content: content.bytes }],
  }
}
