import { gunzipSync } from 'node:zlib'

export interface ModelRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

export interface ModelAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

type Item = Readonly<Record<string, unknown>>

const NATIVE = '/api/v1/events'
const PROTOCOL012 = '/api/v1/analytics/events'

/** A server as a client sees it: keeps what it is sent, tells repeats by their ids, and remembers every request. */
export class ServerModel {
  /** Which routes there are. */
  native = true
  protocol012 = true
  /** Reject this item of a batch with that code. */
  refuse: (item: Item) => string | undefined = () => undefined
  /** Accepted events by id, as first sent. */
  readonly events = new Map<string, Item>()
  /** How often each id was sent. */
  readonly sent = new Map<string, number>()
  readonly requests: { readonly path: string; readonly headers: ModelRequest['headers']; readonly body: unknown }[] = []
  /** The latest ledger of each source and life. */
  readonly ledgers = new Map<string, Item>()

  /** Requests to one of the routes. */
  posts(route: 'native' | 'protocol012'): typeof this.requests {
    const path = route === 'native' ? NATIVE : PROTOCOL012
    return this.requests.filter((request) => request.path === path)
  }

  handle(request: ModelRequest): ModelAnswer {
    const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(request.body) : request.body
    const body = JSON.parse(new TextDecoder().decode(bytes)) as Item
    this.requests.push({ path: request.path, headers: request.headers, body })
    if (request.path === NATIVE && this.native) return this.#takeBatch(body)
    if (request.path === PROTOCOL012 && this.protocol012) return this.#takeOne(body)
    return { status: 404, body: '{"error":"not found"}' }
  }

  #takeBatch(body: Item): ModelAnswer {
    const events = body['events'] as readonly Item[]
    let accepted = 0
    const rejected: Item[] = []
    events.forEach((item, index) => {
      const code = this.refuse(item)
      if (code !== undefined) rejected.push({ index, event_id: item['event_id'], code, message: `refused: ${code}` })
      else if (this.#keep(item)) accepted++
    })
    for (const ledger of (body['ledgers'] ?? []) as readonly Item[])
      this.ledgers.set(JSON.stringify([ledger['source_id'], ledger['epoch']]), ledger)
    const duplicate = events.length - accepted - rejected.length
    const answer = { received: events.length, accepted, duplicate, conflict: 0, conflicts: [], rejected }
    return { status: 200, body: JSON.stringify(answer) }
  }

  #takeOne(item: Item): ModelAnswer {
    const code = this.refuse(item)
    if (code !== undefined) return { status: 400, body: JSON.stringify({ error: { code, message: 'refused' } }) }
    const fresh = this.#keep(item)
    const body = JSON.stringify({ event_id: item['event_id'], status: fresh ? 'accepted' : 'duplicate' })
    return { status: fresh ? 202 : 200, body }
  }

  #keep(item: Item): boolean {
    const id = item['event_id'] as string
    this.sent.set(id, (this.sent.get(id) ?? 0) + 1)
    if (this.events.has(id)) return false
    this.events.set(id, item)
    return true
  }
}
