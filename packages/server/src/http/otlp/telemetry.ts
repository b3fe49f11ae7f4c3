import type { ErrorCode } from '@tallystick/core'
import { type Clock, MAX_AHEAD_MS } from '@tallystick/core/event'
import { appOf } from '../../format/otlp/app.ts'
import type { Draft, Request } from '../../format/otlp/draft.ts'
import { millisOf } from '../../format/otlp/ids.ts'
import { requestOfLog } from '../../format/otlp/logs/request.ts'
import { groupPoints, type PointGroup } from '../../format/otlp/metrics/groups.ts'
import { requestOfGroup } from '../../format/otlp/metrics/request.ts'
import type { Attributes, Emitted, Metric, Origin, Signal, Span } from '../../format/otlp/model.ts'
import type { SignalKind } from '../../format/otlp/precedence.ts'
import { sourceKey } from '../../format/otlp/source-key.ts'
import { Nesting } from '../../format/otlp/spans/nesting.ts'
import { requestOfSpan } from '../../format/otlp/spans/request.ts'
import type { Sender } from '../../format/otlp/who.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Ingest, IngestAnswer, Observed } from '../../ingest/ingest.ts'
import type { Change, ControlState } from '../../state/state.ts'
import { ownerOf, senderOf } from '../sender.ts'
import type { Rejected } from './answer.ts'
import { Courses } from './courses.ts'
import type { OtlpFormat } from './media-type.ts'
import { eachItem } from './read-body.ts'
import { Standings } from './standings.ts'

/** One body, and who it comes from. */
export interface Delivery {
  readonly signal: Signal
  readonly body: Uint8Array
  readonly format: OtlpFormat
  readonly principal: Principal
  readonly observed: Observed | undefined
  readonly sender: Sender
}

/** `POST /v1/traces`, `/v1/logs` and `/v1/metrics`, free of HTTP. */
export interface Telemetry {
  /**
   * Takes the requests that a body tells of. Whatever else is in it is taken note of by nobody, and is no problem.
   *
   * @returns what was not taken although it is a request; rejects with a TallystickError when the body cannot be read or kept
   */
  take(delivery: Delivery): Promise<Rejected | undefined>
}

export interface TelemetryOptions {
  readonly ingest: Pick<Ingest, 'submit'>
  readonly state: ControlState
  readonly clock: Pick<Clock, 'now'>
}

/** What is to be made durable and taken, in this order. */
interface Found {
  readonly items: number
  readonly drafts: readonly Draft[]
  readonly changes: readonly Change[]
  readonly rejected?: Rejected | undefined
  readonly taken?: () => void
}

type PlacedSpan = Pick<Span, 'traceId' | 'spanId' | 'parentSpanId'>

/** A request, and where it stands. */
interface Placed {
  readonly span: PlacedSpan
  readonly request: Request
  readonly source: string
}

/** A write of the control state is one line of its log. */
const CHANGES_AT_ONCE = 1_000
const WITHOUT_ID = 'has neither a valid trace id and span id nor an id of its answer'

export function createTelemetry({ ingest, state, clock }: TelemetryOptions): Telemetry {
  const courses = new Courses(state)
  const standings = new Standings(state)
  const nesting = new Nesting()
  /** What lies later is refused, and must not pass for how far a source has come. */
  const latestMs = (): number => clock.now() + MAX_AHEAD_MS

  async function spans(delivery: Delivery): Promise<Found> {
    const owner = ownerText(delivery.principal)
    const intake = new Intake(courses, owner, latestMs())
    const seen: PlacedSpan[] = []
    const requests: Placed[] = []
    // Nothing of a span is kept but this: what stays in reach until a body is read is copied by the collector.
    const items = await eachItem('traces', delivery.body, delivery.format, (emitted) => {
      const { origin, item } = emitted
      const span = { traceId: item.traceId, spanId: item.spanId, parentSpanId: item.parentSpanId }
      seen.push(span)
      const request = requestOfSpan(emitted, delivery.sender)
      if (request !== undefined)
        requests.push({ span, request, source: intake.sourceOf(origin, item.name, item.attributes) })
    })
    for (const { source, request } of nesting.innermost(seen, requests, owner)) intake.add(source, 'span', request)
    return { items, ...intake.found() }
  }

  async function logs(delivery: Delivery): Promise<Found> {
    const intake = new Intake(courses, ownerText(delivery.principal), latestMs())
    const items = await eachItem('logs', delivery.body, delivery.format, (emitted) => {
      const request = requestOfLog(emitted, delivery.sender)
      if (request === undefined) return
      const { eventName = '', attributes } = emitted.item
      // A record of the conventions stands for its span, and has its id.
      const kind = appOf(emitted.origin, eventName) === undefined ? 'span' : 'log'
      intake.add(intake.sourceOf(emitted.origin, eventName, attributes), kind, request)
    })
    return { items, ...intake.found() }
  }

  async function metrics(delivery: Delivery): Promise<Found> {
    const { body, format, principal, sender } = delivery
    const owner = ownerText(principal)
    const seen: Emitted<Metric>[] = []
    let items = 0
    await eachItem('metrics', body, format, (emitted) => {
      seen.push(emitted)
      items += emitted.item.points.length
    })
    const points = groupPoints(seen)
    const latest = latestMs()
    const groups = points.groups.filter(({ timeNanos }) => millisOf(timeNanos) <= latest)
    const late = points.groups.length - groups.length
    const sources = new Map(groups.map((group) => [group, sourceOfGroup(group, owner)]))
    const admitted = groups.filter((group) =>
      courses.admits(sources.get(group) as string, 'metric', millisOf(group.timeNanos)),
    )
    const steps = standings.steps(
      admitted.filter(({ temporality }) => temporality === 'cumulative'),
      owner,
      sender,
      (group) => metricsSince(courses.of(sources.get(group) as string)),
    )
    const deltas = admitted
      .filter(({ temporality }) => temporality === 'delta')
      .map((group) => requestOfGroup(group, group.values, group.startNanos, sender)?.draft)
      .filter((draft) => draft !== undefined)
    return {
      items,
      drafts: [...steps.drafts, ...deltas],
      changes: [...courses.changes(new Set(sources.values())), ...steps.changes],
      taken: steps.taken,
      rejected: both(
        points.problem === undefined ? undefined : { count: points.rejected, message: points.problem },
        late === 0 ? undefined : { count: late, message: 'timestamp_out_of_range: points lie more than a day ahead' },
      ),
    }
  }

  const readers: { readonly [S in Signal]: (delivery: Delivery) => Promise<Found> } = { traces: spans, logs, metrics }

  return {
    async take(delivery) {
      const { items, drafts, changes, rejected, taken } = await readers[delivery.signal](delivery)
      for (let at = 0; at < changes.length; at += CHANGES_AT_ONCE)
        await state.write(changes.slice(at, at + CHANGES_AT_ONCE))
      if (drafts.length === 0) return worded(rejected, items)
      const answer = await ingest.submit({
        items: drafts,
        door: 'otlp',
        ...senderOf(delivery.principal, delivery.observed),
      })
      taken?.()
      return worded(both(rejected, refusals(answer)), items)
    },
  }
}

/** The requests of one body that count. */
class Intake {
  readonly #courses: Courses
  readonly #owner: string
  readonly #latestMs: number
  readonly #drafts: Draft[] = []
  readonly #sources = new Set<string>()
  /** Of instances of services: the same for all that one of them sends. */
  readonly #instances = new Map<Origin, string>()
  #withoutId = 0

  constructor(courses: Courses, owner: string, latestMs: number) {
    this.#courses = courses
    this.#owner = owner
    this.#latestMs = latestMs
  }

  add(source: string, kind: SignalKind, { draft, knownMs }: Request): void {
    if (draft.event_id === '') {
      this.#withoutId++
      return
    }
    if (knownMs <= this.#latestMs) {
      if (!this.#courses.admits(source, kind, knownMs)) return
      this.#sources.add(source)
    }
    this.#drafts.push(draft)
  }

  found(): Pick<Found, 'drafts' | 'changes' | 'rejected'> {
    return {
      drafts: this.#drafts,
      changes: this.#courses.changes(this.#sources),
      ...(this.#withoutId === 0 ? {} : { rejected: { count: this.#withoutId, message: `A request ${WITHOUT_ID}` } }),
    }
  }

  /** What emitted something of this name. */
  sourceOf(origin: Origin, name: string, attributes: Attributes): string {
    const app = appOf(origin, name)
    if (app !== undefined) return sourceKey(app, origin, attributes, this.#owner)
    const known = this.#instances.get(origin)
    if (known !== undefined) return known
    const key = sourceKey(undefined, origin, attributes, this.#owner)
    this.#instances.set(origin, key)
    return key
  }
}

function sourceOfGroup({ origin, attributes, source }: PointGroup, owner: string): string {
  const [name = ''] = source.metrics.keys()
  return sourceKey(appOf(origin, name), origin, attributes, owner)
}

/** Since when metrics are counted of a source, ms since 1970 UTC; negative: since its beginning. */
function metricsSince(course: ReturnType<Courses['of']>): number {
  return course?.signals.findLast(({ kind }) => kind === 'metric')?.afterMs ?? -1
}

/** Whose the events are, as a text of its own for each. */
function ownerText(principal: Principal): string {
  const owner = ownerOf(principal)
  return owner === undefined ? '' : JSON.stringify([owner.tenantId ?? null, owner.agentId ?? null])
}

function refusals({ rejected }: IngestAnswer): Rejected | undefined {
  const [first] = rejected
  if (first === undefined) return undefined
  const { code, message }: { readonly code: ErrorCode; readonly message: string } = first
  return { count: rejected.length, message: `${code}: ${message}` }
}

function both(a: Rejected | undefined, b: Rejected | undefined): Rejected | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return { count: a.count + b.count, message: a.message }
}

function worded(rejected: Rejected | undefined, items: number): Rejected | undefined {
  if (rejected === undefined) return undefined
  const { count, message } = rejected
  return { count, message: `${count} of ${items} were not taken. First: ${message.slice(0, 500)}.` }
}
