import { TallystickError } from '@tallystick/core'

/** The part of an address that stands for the trace. */
const TRACE_ID = '{trace_id}'
const SPAN_ID = '{span_id}'

/**
 * What is wrong with the address of traces; undefined when nothing is. It becomes a link on a page: it leads to a place over HTTP
 * that no id changes.
 *
 * @example traceUrlProblem('https://jaeger.example/trace/{trace_id}') // undefined
 */
export function traceUrlProblem(template: string): string | undefined {
  if (!template.includes(TRACE_ID)) return `must hold ${TRACE_ID}, where the id of the trace is put`
  const unknown = /\{[^}]*\}?/.exec(template.replaceAll(TRACE_ID, '').replaceAll(SPAN_ID, ''))
  if (unknown !== null) return `must hold no placeholder but ${TRACE_ID} and ${SPAN_ID}`
  const [one, other] = ['0', '1'].map((id) => template.replaceAll(TRACE_ID, id).replaceAll(SPAN_ID, id))
  if (one === undefined || other === undefined || !URL.canParse(one) || !URL.canParse(other))
    return `must be an absolute URL such as https://jaeger.example/trace/${TRACE_ID}`
  const { protocol, origin, username, password } = new URL(one)
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https:// or http://'
  if (username !== '' || password !== '') return 'must not hold a user name or password: everybody who reads sees it'
  return origin === new URL(other).origin ? undefined : `must hold ${TRACE_ID} in its path, query or fragment only`
}

/** @throws TallystickError `invalid_config` */
export function assertTraceUrl(template: string): void {
  const message = traceUrlProblem(template)
  if (message === undefined) return
  const path = 'traces.url_template'
  throw new TallystickError('invalid_config', `${path} ${message}.`, { issues: [{ path, message }] })
}
