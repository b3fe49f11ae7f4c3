import { expect } from 'vitest'
import type { Answer, HttpClient } from './http-client.ts'
import { knownEvent, type WireEvent } from './known-event.ts'

/** One item that must be refused: its JSON as it is sent, and what the server must say. */
export interface BadItem {
  readonly json: string
  readonly code: string
  /** Absent where the item as a whole is at fault. */
  readonly field?: string
}

export interface Rejection {
  readonly index: number
  readonly event_id?: string
  readonly code: string
  readonly field?: string
  readonly message: string
}

interface Ingested {
  readonly received: number
  readonly accepted: number
  readonly duplicate: number
  readonly conflict: number
  readonly conflicts: readonly { readonly index: number; readonly event_id: string }[]
  readonly rejected: readonly Rejection[]
}

const MIB = 1024 * 1024
/** A message is for reading: what was sent, however long, must not come back in it. */
const LONGEST_MESSAGE = 300

/** Sends good and bad events to one server, and keeps account of what must have come of them. */
export class Intake {
  readonly #client: HttpClient
  readonly #url: string
  readonly #recentMs = Date.now()
  #next = 0
  /** Every event that has been accepted. */
  readonly accepted: WireEvent[] = []
  readonly rejected = new Map<string, number>()
  duplicates = 0
  conflicts = 0

  constructor(client: HttpClient, serverUrl: string) {
    this.#client = client
    this.#url = `${serverUrl}/api/v1/events`
  }

  /** A sound event that has not been sent yet; `changes` go on top. */
  event(changes: Partial<WireEvent> = {}): WireEvent {
    return { ...knownEvent(this.#next++, this.#recentMs), ...changes }
  }

  /** JSON of a sound event with one member put in, or replaced, as raw text. */
  eventWith(member: string, text: string): string {
    const { [member]: _, ...rest } = this.event() as unknown as Record<string, unknown>
    return `${JSON.stringify(rest).slice(0, -1)},${JSON.stringify(member)}:${text}}`
  }

  /** Bad items between two good ones: each is refused by index, field and code, and the good ones are accepted. */
  async refusesItems(bad: readonly BadItem[], format: 'json' | 'ndjson' = 'json'): Promise<readonly Rejection[]> {
    const mates = [this.event(), this.event()] as const
    const items = [JSON.stringify(mates[0]), ...bad.map(({ json }) => json), JSON.stringify(mates[1])]
    const answer =
      format === 'json'
        ? await this.#client.post(this.#url, `[${items.join(',')}]`)
        : await this.#client.post(this.#url, items.join('\n'), { 'content-type': 'application/x-ndjson' })
    const found = this.#ingested(answer)
    expect(found).toMatchObject({ received: bad.length + 2, accepted: 2, duplicate: 0, conflict: 0 })
    const said = found.rejected.map(({ index, code, field }) => ({ index, code, field }))
    expect(said).toEqual(bad.map(({ code, field }, at) => ({ index: at + 1, code, field })))
    for (const { field, message } of found.rejected) {
      expect(message.length).toBeLessThan(LONGEST_MESSAGE)
      if (field !== undefined) expect(message).toContain(field)
    }
    for (const { code } of bad) this.rejected.set(code, (this.rejected.get(code) ?? 0) + 1)
    this.accepted.push(...mates)
    return found.rejected
  }

  /** Events that are accepted, however odd they look. */
  async accepts(events: readonly WireEvent[], json: string = JSON.stringify(events)): Promise<void> {
    const found = this.#ingested(await this.#client.post(this.#url, json))
    expect(found).toMatchObject({ received: events.length, accepted: events.length, rejected: [] })
    this.accepted.push(...events)
  }

  /** Items with ids that stand already, or twice in the batch; says which index is what. */
  async recognises(
    events: readonly WireEvent[],
    statuses: readonly ('accepted' | 'duplicate' | 'conflict')[],
  ): Promise<void> {
    const answer = await this.#client.post(`${this.#url}?results=all`, { events })
    const found = this.#ingested(answer)
    const { results } = answer.json as { results: { status: string }[] }
    expect(results.map(({ status }) => status)).toEqual(statuses)
    const conflicting = statuses.flatMap((status, index) => (status === 'conflict' ? [index] : []))
    expect(found.conflicts).toEqual(conflicting.map((index) => ({ index, event_id: events[index]?.event_id })))
    this.accepted.push(...events.filter((_, index) => statuses[index] === 'accepted'))
    this.duplicates += statuses.filter((status) => status === 'duplicate').length
    this.conflicts += conflicting.length
  }

  /** A body that is refused as a whole: nothing in it is counted. */
  async refusesBody(
    body: string | Buffer,
    expected: { readonly status: number; readonly code: string },
    headers: { readonly [name: string]: string } = {},
  ): Promise<void> {
    const answer = await this.#client.post(this.#url, body, headers)
    expectProblem(answer, expected)
  }

  #ingested(answer: Answer): Ingested {
    expect(answer, answer.text.slice(0, 500)).toMatchObject({ status: 200 })
    expect(Buffer.byteLength(answer.text)).toBeLessThan(MIB)
    return answer.json as Ingested
  }
}

/** An answer that refuses as RFC 9457 has it, says what to do, and shows nothing of the inside. */
export function expectProblem(answer: Answer, expected: { readonly status: number; readonly code: string }): void {
  expect(answer).toMatchObject({ status: expected.status, json: expected })
  expect(answer.headers['content-type']).toBe('application/problem+json')
  const { detail, title } = answer.json as { detail: string; title: string }
  expect(title.length).toBeGreaterThan(0)
  expect(detail.length).toBeGreaterThan(0)
  expect(detail.length).toBeLessThan(LONGEST_MESSAGE * 2)
  expect(answer.text).not.toMatch(/node_modules|\.[jt]s:\d/)
}
