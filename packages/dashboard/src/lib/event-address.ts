import type { WireEvent } from './api.ts'
import { timeOf } from './newest.ts'

/** How one event is named in the address of the page, and asked of the server. */
export interface EventAddress {
  readonly id: string
  /** What tells it from others of its id, and where to look, as a query string of the route. */
  readonly whose: string
}

const EVENT = 'event'
const WHOSE = 'of'
const NARROWS = ['tenant_id', 'agent_id', 'source_id', 'timestamp_ms']

/** @example addressOf({ event_id: 'a', timestamp_ms: 5 }) // { id: 'a', whose: 'tenant_id=&agent_id=&source_id=&timestamp_ms=5' } */
export function addressOf(event: WireEvent): EventAddress {
  const whose = new URLSearchParams()
  for (const name of NARROWS)
    whose.set(name, name === 'timestamp_ms' ? String(timeOf(event)) : String(event[name] ?? ''))
  return { id: String(event['event_id'] ?? ''), whose: whose.toString() }
}

/** The event that an address of the page names; null where it names none. What the route does not know is left out. */
export function addressIn(params: ReadonlyMap<string, string>): EventAddress | null {
  const id = params.get(EVENT)
  if (id === undefined || id === '') return null
  const whose = new URLSearchParams(params.get(WHOSE))
  for (const name of [...whose.keys()]) if (!NARROWS.includes(name)) whose.delete(name)
  return { id, whose: whose.toString() }
}

/** Is it this event? */
export function isAt({ id, whose }: EventAddress, event: WireEvent): boolean {
  const own = new URLSearchParams(addressOf(event).whose)
  return event['event_id'] === id && [...new URLSearchParams(whose)].every(([name, value]) => own.get(name) === value)
}

/** The parameters of the page with an event named; without one, with none. */
export function withAddress(
  params: ReadonlyMap<string, string>,
  address: EventAddress | null,
): ReadonlyMap<string, string> {
  const page = new Map(params)
  page.delete(EVENT)
  page.delete(WHOSE)
  if (address === null) return page
  page.set(EVENT, address.id)
  if (address.whose !== '') page.set(WHOSE, address.whose)
  return page
}
