import { isTallystickError, nearest, quoted, TallystickError } from '@tallystick/core'
import { Arguments } from '../arguments.ts'
import { askedOnce } from '../asked-once.ts'
import { boundedJson } from '../bound.ts'
import { failureOf } from '../failure.ts'
import type { Tool, ToolContext } from '../tool.ts'
import { assertZone, DOCUMENTS, markdownOf, REPORTS } from './report.ts'
import { TIME_RANGES } from './scope.ts'

const NAMES = [...REPORTS.keys()]
const RANGES: readonly string[] = [...TIME_RANGES.keys()]
const FORMATS = ['json', 'markdown'] as const
const DEFAULT_RANGE = '7d'
const ID_BYTES = 256

/**
 * `get_analytics` of smart-ai-bridge, by the arguments of both its generations: `session`, `export` and `export_format` of the
 * first, `current`, `full_report` and `format` of the second. Each answer has the members of both.
 */
export const analyticsTool: Tool = {
  name: 'get_analytics',
  title: 'Get a usage report',
  description:
    'Ready-made usage reports by backend (gateway backend, else provider), for clients of smart-ai-bridge and for a quick overview. Amounts are USD. ' +
    'session/current: the current session per backend and tool with invocations, success_rate in percent, p50_ms, p95_ms. ' +
    'historical: a time range with series of {timestamp, backend, calls, errors, latency}, error patterns, hours. ' +
    'cost: tokens_in, tokens_out, estimated_usd per backend and in total; null is unknown, not free. ' +
    'recommendations: what should change, with confidence. export/full_report: all of it, also as Markdown. For anything else use `query`.',
  inputSchema: {
    type: 'object',
    properties: {
      report_type: { type: 'string', enum: NAMES, default: 'session' },
      time_range: { type: 'string', enum: RANGES, default: DEFAULT_RANGE, description: 'Of all reports but session.' },
      export_format: { type: 'string', enum: FORMATS, default: 'json', description: 'Of export.' },
      format: {
        type: 'string',
        enum: FORMATS,
        default: 'json',
        description: 'Of full_report; the same as export_format.',
      },
      session_id: { type: 'string', description: 'The session to report; that of the newest event when absent.' },
      time_zone: { type: 'string', description: 'IANA zone of hours and days.', default: 'UTC' },
    },
    additionalProperties: false,
  },
  async run(args, context) {
    const reportType = args['report_type'] ?? 'session'
    try {
      const data = await reportOf(reportType, args, context)
      if (typeof data === 'string') return { value: data }
      return { value: boundedJson({ success: true, report_type: reportType, data }) }
    } catch (error) {
      if (!isTallystickError(error)) throw error
      // Clients of smart-ai-bridge look at these three; what to do about it stands beside them.
      const value = { success: false, error: error.message, report_type: reportType, details: failureOf(error) }
      return { value: boundedJson(value), failed: true }
    }
  },
}

async function reportOf(
  reportType: unknown,
  args: Readonly<Record<string, unknown>>,
  context: ToolContext,
): Promise<object | string> {
  const report = REPORTS.get(reportType as string)
  if (report === undefined) {
    const hint = typeof reportType === 'string' ? ` (${nearest(reportType, NAMES)})` : ''
    const given = typeof reportType === 'string' ? quoted(reportType) : `a value that is no text`
    throw new TallystickError('unknown_value', `${given} is no report_type; use ${NAMES.join(', ')}${hint}`)
  }
  const given = new Arguments(args, ['report_type', 'time_range', 'export_format', 'format', 'session_id', 'time_zone'])
  const timeRange = given.choice('time_range', RANGES) ?? DEFAULT_RANGE
  const format = given.choice('export_format', FORMATS) ?? given.choice('format', FORMATS) ?? 'json'
  const sessionId = given.text('session_id', ID_BYTES)
  const timeZone = given.text('time_zone', 64) ?? 'UTC'
  given.assertRight()
  assertZone(timeZone)
  // One instant for all parts of a report: then they are of the same range, and ask the same questions.
  const nowMs = context.clock.now()
  const once = { ...context, api: askedOnce(context.api), clock: { ...context.clock, now: () => nowMs } }
  const data = await report(once, { timeRange, timeZone, sessionId })
  return format === 'markdown' && DOCUMENTS.has(reportType as string) ? markdownOf(data) : data
}
