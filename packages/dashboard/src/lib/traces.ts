import type { WireEvent } from './api.ts'

/**
 * Where the trace of an event can be looked at; undefined where it has none, or nobody has said where traces are. The server has
 * checked where the address leads to; ids come from whoever sent the event.
 *
 * @example traceLink({ trace_id: 'a/b' }, 'https://jaeger.example/trace/{trace_id}') // 'https://jaeger.example/trace/a%2Fb'
 */
export function traceLink(event: WireEvent, template: string | null | undefined): string | undefined {
  const { trace_id: trace, span_id: span = '' } = event
  if (!template || typeof trace !== 'string' || trace === '' || typeof span !== 'string') return undefined
  // A part of a path that is dots alone would lead out of it.
  if (/^\.+$/.test(trace) || /^\.+$/.test(span)) return undefined
  const ids = new Map([
    ['{trace_id}', trace],
    ['{span_id}', span],
  ])
  return template.replace(/\{(?:trace|span)_id\}/g, (name) => encodeURIComponent(ids.get(name) ?? ''))
}
