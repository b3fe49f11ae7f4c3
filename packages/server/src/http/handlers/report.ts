import { TallystickError } from '@tallystick/core'
import { reportRange } from '@tallystick/core/insight'
import { DEFAULT_TOP, type ReportRequest } from '../../report/make.ts'
import { REPORT_FORMATS, type ReportFormat } from '../../state/report-format.ts'
import { REPORT_DOC } from '../openapi/reports.ts'
import { documentedParameters, type ParameterTable } from '../parameters.ts'
import type { Handler } from '../route.ts'
import { askedOf, instantOf } from './events.ts'
import { waitsForApplied } from './query.ts'

const OWN: ParameterTable = documentedParameters(REPORT_DOC)
const DEFAULT_RANGE = '7d'
const MAX_TOP = 100

/**
 * `GET /api/v1/report`: what was spent, by whom, how it went and what should change, of a range; as JSON, Markdown, one HTML file
 * or a PDF. Every dimension is a parameter, as with `/api/v1/events`.
 */
export const report: Handler = async ({ app, principal, request: { signal }, url }) => {
  const { searchParams } = url
  const asked = requestOf(searchParams, app.clock.now())
  const format = (searchParams.get('format') ?? REPORT_FORMATS[0]) as ReportFormat
  if (waitsForApplied(url)) await app.ingest.applied(app.limits.appliedWaitMs)
  const content = await app.reports.make(principal, asked, format, signal, (job) => app.queries.run(job, signal))
  const disposition = searchParams.get('inline') === 'true' ? 'inline' : 'attachment'
  return new Response(content.bytes, {
    headers: {
      'content-type': content.type,
      'content-disposition': `${disposition}; filename="${content.filename}"`,
      ...(content.policy === undefined
        ? {}
        : { 'content-security-policy': `${content.policy}; frame-ancestors 'none'; sandbox` }),
    },
  })
}

/** @throws TallystickError `unknown_parameter`, `unknown_value`, `unknown_dimension`, `invalid_query` */
export function requestOf(parameters: URLSearchParams, nowMs: number): ReportRequest {
  const [name, from, to] = [parameters.get('range'), parameters.get('from'), parameters.get('to')]
  if (name !== null && (from !== null || to !== null))
    throw problem('range', 'leave it out, or `from` and `to`: they say the same')
  const zone = parameters.get('time_zone')
  const instants = from === null && to === null ? {} : { from: instantOf(from), to: instantOf(to) }
  if (to !== null && from === null) throw problem('from', 'is required beside `to`')
  const { fromMs, toMs, timeZone, filters } = askedOf(
    parameters,
    OWN,
    { ...instants, ...(zone === null ? {} : { time_zone: zone }) },
    nowMs,
  )
  const range = from === null ? (name ?? DEFAULT_RANGE) : undefined
  return {
    ...(range === undefined ? { fromMs, toMs } : { range, ...reportRange(range, nowMs, timeZone) }),
    timeZone,
    filters,
    top: topOf(parameters.get('top')),
  }
}

function topOf(text: string | null): number {
  if (text === null) return DEFAULT_TOP
  const top = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (top >= 1 && top <= MAX_TOP) return top
  throw problem('top', `must be a whole number from 1 to ${MAX_TOP}`)
}

const problem = (path: string, message: string): TallystickError =>
  new TallystickError('invalid_query', `${path}: ${message}.`, { issues: [{ path, message }] })
