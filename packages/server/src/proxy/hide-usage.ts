/** An event longer than this passes as it comes: the one that is looked for has some hundred bytes. */
const MAX_EVENT_BYTES = 64 * 1024

const LF = 0x0a
const CR = 0x0d
const USAGE = Buffer.from('"usage"')
const DATA = /^data: ?(.*)$/gm

/**
 * Takes the chunk that tells usage out of a chat stream of OpenAI, for a client that did not ask for it: the one without choices.
 * Every other byte passes, an event at a time.
 */
export class UsageHider {
  #held: Buffer = Buffer.alloc(0)
  /** Where in `held` the search for an end goes on. */
  #from = 0
  /** In the middle of an event that was too long to be held. */
  #passing = false

  /** What may go on to the client. */
  write(chunk: Buffer): Buffer {
    const bytes = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const kept: Buffer[] = []
    let start = 0
    let end = endOfEvent(bytes, this.#from)
    while (end > 0) {
      const event = bytes.subarray(start, end)
      if (this.#passing || !tellsUsageOnly(event)) kept.push(event)
      this.#passing = false
      start = end
      end = endOfEvent(bytes, start)
    }
    this.#held = bytes.subarray(start)
    if (this.#passing || this.#held.byteLength > MAX_EVENT_BYTES) {
      // The last bytes stay: they may be the first half of the event's end.
      const to = Math.max(0, this.#held.byteLength - 3)
      kept.push(this.#held.subarray(0, to))
      this.#held = this.#held.subarray(to)
      this.#passing = true
    }
    this.#from = Math.max(0, this.#held.byteLength - 3)
    return kept.length === 1 ? (kept[0] as Buffer) : Buffer.concat(kept)
  }

  /** What is left at the end of the stream; it may be an event that was never finished. */
  end(): Buffer {
    const rest = this.#held
    this.#held = Buffer.alloc(0)
    return !this.#passing && tellsUsageOnly(rest) ? Buffer.alloc(0) : rest
  }
}

/** Behind the empty line that ends an event, looking from `from` on; 0 where there is none yet. */
function endOfEvent(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1
    if (bytes[next] === LF) return next + 1
  }
  return 0
}

function tellsUsageOnly(event: Buffer): boolean {
  if (!event.includes(USAGE)) return false
  const data = [...event.toString('utf8').replaceAll('\r', '').matchAll(DATA)].map(([, line]) => line).join('\n')
  try {
    const chunk: unknown = JSON.parse(data)
    if (typeof chunk !== 'object' || chunk === null) return false
    const { choices, usage } = chunk as { readonly choices?: unknown; readonly usage?: unknown }
    return Array.isArray(choices) && choices.length === 0 && typeof usage === 'object' && usage !== null
  } catch {
    return false
  }
}
