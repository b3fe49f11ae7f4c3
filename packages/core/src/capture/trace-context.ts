import type { UsageEvent } from '../event/index.ts'

/** The trace that a request belongs to, and the span that stands for it there. */
export type Trace = Required<Pick<UsageEvent, 'traceId' | 'spanId'>>

/** Later versions may add parts at the end; what comes before them stays as it is. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

/** All zeroes are no id. */
export const isTrace = ({ traceId, spanId }: Trace): boolean => traceId !== NO_TRACE && spanId !== NO_SPAN

/**
 * The trace that a request says it belongs to; undefined without one, and for whatever cannot be one: a request does not fail
 * for how it is traced.
 *
 * @source https://www.w3.org/TR/trace-context/#traceparent-header
 * @example
 * traceOf(new Headers({ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }))
 * // { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
 */
export function traceOf(headers: Pick<Headers, 'get'>): Trace | undefined {
  const header = headers.get('traceparent')
  if (header === null) return undefined
  const [, version, traceId, spanId, more] = TRACEPARENT.exec(header) ?? []
  if (traceId === undefined || spanId === undefined || version === 'ff') return undefined
  if (version === '00' && more !== undefined) return undefined
  return isTrace({ traceId, spanId }) ? { traceId, spanId } : undefined
}
