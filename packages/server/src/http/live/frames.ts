/** Server-sent events as text. @see https://html.spec.whatwg.org/multipage/server-sent-events.html */

const encoder = new TextEncoder()

/**
 * One event of the stream. JSON has no raw line breaks, so it always fits one `data` line.
 *
 * @example new TextDecoder().decode(frame('tick', { seq: 1 }, 'a.1')) // 'id: a.1\nevent: tick\ndata: {"seq":1}\n\n'
 */
export function frame(event: string, data: unknown, id?: string): Uint8Array {
  return encoder.encode(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}

/** A comment: keeps proxies from closing a quiet stream. */
export const HEARTBEAT: Uint8Array = encoder.encode(': still here\n\n')
