import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LookupFunction } from 'node:net'
import { TallystickError } from '@tallystick/core'
import {
  askedAt,
  attemptOf,
  Exchange,
  operationOf,
  type RequestFacts,
  RequestReader,
  type Target,
  targetOf,
} from '@tallystick/core/capture'
import { type Clock, type Mutable, systemClock } from '@tallystick/core/event'
import { type HeldBody, holdBody } from './body.ts'
import type { BudgetGate, Held } from './budget-gate.ts'
import { type Connector, createConnector } from './connector.ts'
import { ExchangeIds } from './exchange-ids.ts'
import { forward } from './forward.ts'
import { isFree } from './free-paths.ts'
import { type ForwardedHeaders, keyIn, requestHeaders } from './headers.ts'
import { askForUsage } from './include-usage.ts'
import type { KeyHash } from './key-hash.ts'
import { type ClientNames, clientNames } from './names.ts'
import type { ProxyCaller, ProxyRecorder, RecordedEvent, RecordingCounts } from './recorder.ts'
import { refusalOf, sendRefusal } from './refusal.ts'
import { Tries, type Trying } from './tries.ts'
import type { Upstream, UpstreamSettings } from './upstream.ts'

/** How requests to providers are carried on. */
export interface ProxySettings extends UpstreamSettings {
  /** Makes ids of providers' keys; that of the data directory when absent. */
  readonly keyHashSecret?: string
  /** Ask chat streams for their usage, and keep it from clients that did not. */
  readonly includeUsage?: boolean
  /** Refuse what no budget has room for. */
  readonly enforceBudgets?: boolean
  /** Silence of an upstream after which a request is given up, ms. */
  readonly idleMs?: number
  /** How long events wait for others before they are written together, ms; what a killed server loses. 200 when absent. */
  readonly gatherMs?: number
}

export interface ProxyOptions {
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly recorder: ProxyRecorder
  readonly keyHash: KeyHash
  /** Silence of an upstream after which a request is given up, ms; ten minutes when absent. */
  readonly idleMs?: number
  readonly includeUsage?: boolean
  /** Takes room in budgets first; absent: nobody asks them. */
  readonly gate?: BudgetGate
  readonly clock?: Clock
  /** Resolves names of upstreams; the system's resolver when absent. */
  readonly lookup?: LookupFunction
  readonly onError?: (error: unknown) => void
}

/** Requests to providers carried on and back, and recorded as they pass. */
export interface CaptureProxy {
  /** Takes a request whose path {@link isProxied}, of somebody who may send it. Answers it, also when it cannot go on. */
  handle(request: IncomingMessage, response: ServerResponse, caller: ProxyCaller): void
  /** Answers in its place: somebody who may not send it, or a server that stops. */
  refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void
  stats(): ProxyStats
  /** Requests under way; with a tenant only that tenant's, with null only those of none. */
  active(tenantId?: string | null): number
  /** Waits a while for requests under way, and until everything that was recorded is kept; takes nothing new. */
  close(): Promise<void>
}

/** What has gone through the proxy since the process started. */
export interface ProxyStats {
  readonly requests: number
  readonly active: number
  /** Answered by the proxy itself. */
  readonly refused: number
  readonly recording: RecordingCounts
}

const PREFIX = '/proxy/'
const IDLE_MS = 600_000
/** Bodies that are looked at before they go on are held up to this. */
const MAX_HELD_BYTES = 32 * 1024 * 1024
const MAX_ALL_HELD_BYTES = 256 * 1024 * 1024
const MAX_TARGETS = 1_000
const MAX_TARGET_CHARS = 512
const CLOSE_STEP_MS = 10
const CLOSE_STEPS = 100
/** `.` and `..` as part of a path, however spelt: they would lead out of the upstream's own path. */
const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\]|%2f|%5c)/i
const KEY_PARAMETER = /([?&])key=[^&]*(&|$)/
const CHAT = /\/chat\/completions$/

/** Is the path of a request below `/proxy/`? */
export const isProxied = (url: string | undefined): boolean => url?.startsWith(PREFIX) === true

/** @example createProxy({ upstreams: readUpstreams(), recorder, keyHash }).handle(request, response, {}) */
export function createProxy(options: ProxyOptions): CaptureProxy {
  return new Carrier(options)
}

/** A request that knows where it goes. */
interface Plan {
  readonly upstream: Upstream
  readonly connector: Connector
  /** Path at the upstream, and with the query. Both as the client spells them. */
  readonly pathname: string
  readonly path: string
  readonly target: Target | undefined
  readonly caller: ProxyCaller
}

class Carrier implements CaptureProxy {
  readonly #options: ProxyOptions
  readonly #clock: Clock
  readonly #connectors = new Map<string, Connector>()
  /** By upstream and path; null where nothing is recorded. */
  readonly #targets = new Map<string, Target | null>()
  readonly #exchangeIds: ExchangeIds
  readonly #tries: Tries
  readonly #settling = new Set<Promise<void>>()
  #requests = 0
  /** By tenant; under null those of none. A tenant without any has no entry. */
  readonly #active = new Map<string | null, number>()
  #refused = 0
  #heldBytes = 0
  /** Events that went in with their lease, and not through the recorder. */
  #settled = 0
  #lost = 0
  #closed = false

  constructor(options: ProxyOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#exchangeIds = new ExchangeIds(this.#clock)
    this.#tries = new Tries(this.#clock)
    for (const [name, upstream] of options.upstreams)
      this.#connectors.set(
        name,
        createConnector(upstream, {
          idleMs: options.idleMs ?? IDLE_MS,
          ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
        }),
      )
  }

  handle(request: IncomingMessage, response: ServerResponse, caller: ProxyCaller): void {
    this.#requests++
    let upstream: Upstream | undefined
    try {
      if (this.#closed) throw new TallystickError('shutting_down')
      const plan = this.#plan(request, caller)
      upstream = plan.upstream
      const wantsUsage = this.#asksForUsage(request, plan)
      // To look something up costs nothing.
      const isGated = this.#options.gate !== undefined && plan.target !== undefined && request.method === 'POST'
      if (wantsUsage || isGated)
        this.#hold(request, response, plan).catch((error) => this.#refuse(request, response, upstream, error))
      else {
        const headers = requestHeaders(request.method, request.rawHeaders, plan.upstream)
        if (plan.target === undefined) this.#assertUnlimited(request, headers, plan)
        this.#send(request, response, plan, headers, {})
      }
    } catch (error) {
      this.#refuse(request, response, upstream, error)
    }
  }

  refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    this.#requests++
    const name = request.url?.slice(PREFIX.length).split(/[/?]/, 1)[0] ?? ''
    this.#refuse(request, response, this.#options.upstreams.get(name), error)
  }

  stats(): ProxyStats {
    const { counts } = this.#options.recorder
    return {
      requests: this.#requests,
      active: this.active(),
      refused: this.#refused,
      recording: {
        ...counts,
        recorded: counts.recorded + this.#settled,
        failed: counts.failed + this.#lost,
        pending: counts.pending + this.#settling.size,
      },
    }
  }

  active(tenantId?: string | null): number {
    if (tenantId !== undefined) return this.#active.get(tenantId) ?? 0
    let all = 0
    for (const active of this.#active.values()) all += active
    return all
  }

  async close(): Promise<void> {
    this.#closed = true
    for (let step = 0; step < CLOSE_STEPS && this.#active.size > 0; step++)
      await new Promise((resolve) => setTimeout(resolve, CLOSE_STEP_MS))
    for (const connector of this.#connectors.values()) connector.close()
    while (this.#settling.size > 0) await Promise.all(this.#settling)
    await this.#options.recorder.settled()
  }

  /** @throws TallystickError `unknown_upstream`, `malformed_request` */
  #plan({ url = '', method, headers }: IncomingMessage, caller: ProxyCaller): Plan {
    const mark = url.indexOf('?')
    const end = mark < 0 ? url.length : mark
    const slash = url.indexOf('/', PREFIX.length)
    const nameEnd = slash < 0 || slash > end ? end : slash
    const name = url.slice(PREFIX.length, nameEnd)
    const upstream = this.#options.upstreams.get(name)
    const connector = this.#connectors.get(name)
    if (upstream === undefined || connector === undefined)
      throw new TallystickError(
        'unknown_upstream',
        `There is no upstream ${JSON.stringify(name.slice(0, 64))}; the configuration has none of that name.`,
      )
    const rest = url.slice(nameEnd, end)
    if (DOT_SEGMENT.test(rest)) throw new TallystickError('malformed_request', 'The path must not hold . or .. parts.')
    const coding = headers['transfer-encoding']
    if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
      throw new TallystickError('malformed_request', 'The transfer coding must be chunked, and nothing else.')
    const pathname = `${upstream.basePath}${rest}` || '/'
    const search = upstream.credential === undefined ? url.slice(end) : url.slice(end).replace(KEY_PARAMETER, '$1')
    const asked = method === 'POST' ? pathname : method === 'GET' ? askedAt(pathname) : undefined
    const target = asked === undefined ? undefined : this.#target(upstream, asked)
    return { upstream, connector, pathname, path: `${pathname}${search}`, target, caller }
  }

  /** @throws TallystickError `budget_exceeded` where it would get round a hard budget */
  #assertUnlimited(request: IncomingMessage, headers: ForwardedHeaders, plan: Plan): void {
    const { gate } = this.#options
    const { upstream, pathname, caller } = plan
    const method = request.method as string
    if (gate === undefined || isFree(method, pathname, upstream.provider, request.headers)) return
    const names = this.#names(request, headers, plan)
    gate.assertUnlimited({ method, pathname, provider: upstream.provider, names, caller })
  }

  /** The paths that are asked for are few, and the same again and again. */
  #target(upstream: Upstream, pathname: string): Target | undefined {
    const key = `${upstream.name}${pathname}`
    const found = this.#targets.get(key)
    if (found !== undefined) return found ?? undefined
    const target = targetOf(new URL(`http://upstream${pathname}`), upstream.provider)
    if (this.#targets.size >= MAX_TARGETS) this.#targets.clear()
    if (pathname.length <= MAX_TARGET_CHARS) this.#targets.set(key, target ?? null)
    return target
  }

  #asksForUsage({ headers }: IncomingMessage, { target }: Plan): boolean {
    return (
      this.#options.includeUsage === true &&
      target?.operation === 'chat' &&
      CHAT.test(target.endpoint) &&
      headers['content-encoding'] === undefined
    )
  }

  /** Looks at the body before it goes on: for its stream's usage, or for what it can cost. */
  async #hold(request: IncomingMessage, response: ServerResponse, plan: Plan): Promise<void> {
    const { gate } = this.#options
    const { upstream, target, caller } = plan
    if (gate !== undefined && request.headers['content-encoding'] !== undefined)
      throw new TallystickError('unsupported_encoding', 'A compressed body cannot be held against a budget.')
    const announced = Number(request.headers['content-length'] ?? 0)
    if (gate !== undefined && announced > MAX_HELD_BYTES) throw tooLarge()
    if (this.#heldBytes > MAX_ALL_HELD_BYTES) throw new TallystickError('overloaded')
    const room = Math.min(MAX_HELD_BYTES, announced > 0 ? announced : MAX_HELD_BYTES / 8)
    this.#heldBytes += room
    try {
      const body = await holdBody(request, MAX_HELD_BYTES)
      if (body === undefined) return
      if (gate !== undefined && !body.whole) throw tooLarge()
      const reader = new RequestReader(request.headers['content-type'])
      reader.write(body.bytes)
      const facts = reader.end()
      const asking = this.#asksForUsage(request, plan) && body.whole ? askForUsage(body.bytes, facts) : undefined
      const bytes = asking ?? body.bytes
      const headers = requestHeaders(request.method, request.rawHeaders, upstream, {
        ...(asking === undefined ? {} : { contentLength: bytes.byteLength, plainAnswer: true }),
      })
      const names = this.#names(request, headers, plan)
      let held: Held | undefined
      if (gate !== undefined && target !== undefined) {
        try {
          held = await gate.reserve({ target, facts, bodyBytes: bytes.byteLength, names, caller })
        } catch (error) {
          this.#recordRefusal(request, plan, names, { facts, bytes }, error)
          throw error
        }
      }
      this.#send(request, response, plan, headers, {
        names,
        body: { bytes, whole: body.whole },
        hidesUsage: asking !== undefined,
        ...(held === undefined ? {} : { held }),
      })
    } finally {
      this.#heldBytes -= room
    }
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    plan: Plan,
    headers: ForwardedHeaders,
    held: {
      readonly names?: ClientNames
      readonly body?: HeldBody
      readonly hidesUsage?: boolean
      readonly held?: Held
    },
  ): void {
    const { upstream, connector, path, target, caller } = plan
    const names = target === undefined ? undefined : (held.names ?? this.#names(request, headers, plan))
    const exchange = names === undefined ? undefined : this.#exchange(request, plan, names, held.held)
    if (response.destroyed) {
      // It left while its budget was asked.
      exchange?.aborted()
      return
    }
    const tenantId = caller.principal?.tenantId ?? null
    this.#count(tenantId, 1)
    forward({
      request,
      response,
      connector,
      path,
      headers: headers.list,
      exchange,
      trying: names === undefined || exchange === undefined ? undefined : this.#trying(request, plan, names, exchange),
      ...(held.body === undefined ? {} : { body: held.body }),
      ...(held.hidesUsage === undefined ? {} : { hidesUsage: held.hidesUsage }),
      fail: (error) => this.#refuse(request, response, upstream, error),
      over: () => this.#count(tenantId, -1),
    })
  }

  #count(tenantId: string | null, more: 1 | -1): void {
    const active = (this.#active.get(tenantId) ?? 0) + more
    if (active > 0) this.#active.set(tenantId, active)
    else this.#active.delete(tenantId)
  }

  #exchange(request: IncomingMessage, { target, caller }: Plan, names: ClientNames, held: Held | undefined): Exchange {
    const headers = view(request)
    const attempt = attemptOf(headers)
    const exchangeId = this.#exchangeIds.take(headers.get('x-tallystick-exchange') ?? undefined)
    return new Exchange(
      { sink: { record: (event) => this.#record(event, caller, held) }, clock: this.#clock },
      {
        target: target as Target,
        method: request.method as string,
        retrieved: request.method === 'GET',
        names,
        headers,
        ...(attempt === undefined ? {} : { attempt }),
        ...(exchangeId === undefined ? {} : { exchangeId }),
      },
    )
  }

  #trying(request: IncomingMessage, { upstream, path, caller }: Plan, names: ClientNames, exchange: Exchange): Trying {
    const { principal, observed } = caller
    const { operationId } = names
    const attempt = attemptOf(view(request))
    return this.#tries.begin(
      exchange,
      () => JSON.stringify([upstream.name, path, principal, observed?.apiKeyId, names]),
      {
        ...(operationId === undefined ? {} : { operationId }),
        ...(attempt === undefined ? {} : { attempt }),
      },
    )
  }

  #names(request: IncomingMessage, { providerKey }: ForwardedHeaders, { upstream }: Plan): ClientNames {
    const key = upstream.credential === undefined ? (providerKey ?? keyOfQuery(request.url)) : undefined
    const names: Mutable<ClientNames> = Object.assign(operationOf(view(request)), clientNames(request.rawHeaders))
    if (key !== undefined && key !== '') names.apiKeyId = this.#options.keyHash(key)
    return names
  }

  #record(event: RecordedEvent, caller: ProxyCaller, held: Held | undefined): boolean {
    if (held === undefined) {
      this.#options.recorder.record(event, caller)
      return true
    }
    const settled = held
      .settle(event)
      .then(() => {
        this.#settled++
      })
      .catch((error: unknown) => {
        // The room stays taken until its time is over: what was spent is not known to anybody.
        this.#lost++
        this.#options.onError?.(error)
      })
      .finally(() => this.#settling.delete(settled))
    this.#settling.add(settled)
    return true
  }

  /** A request that a budget refused is one that failed. */
  #recordRefusal(
    request: IncomingMessage,
    plan: Plan,
    names: ClientNames,
    { facts, bytes }: { readonly facts: RequestFacts; readonly bytes: Buffer },
    error: unknown,
  ): void {
    const refusal = refusalOf(error, plan.upstream.provider)
    const exchange = this.#exchange(request, plan, names, undefined)
    const trying = this.#trying(request, plan, names, exchange)
    exchange.sent(facts, bytes.byteLength)
    trying.write(bytes)
    trying.sent()
    trying.answered(refusal.status)
    exchange.answered(refusal.status, { get: (name) => (name === 'content-type' ? 'application/json' : null) })
    exchange.data(refusal.body)
    exchange.ended()
  }

  #refuse(request: IncomingMessage, response: ServerResponse, upstream: Upstream | undefined, error: unknown): void {
    this.#refused++
    const refusal = refusalOf(error, upstream?.provider)
    if (refusal.code === 'internal_error') this.#options.onError?.(error)
    sendRefusal(request, response, refusal)
  }
}

const tooLarge = (): TallystickError =>
  new TallystickError(
    'body_too_large',
    `The body is larger than the ${MAX_HELD_BYTES} bytes that can be held against a budget.`,
  )

function view({ headers }: IncomingMessage): Pick<Headers, 'get'> {
  return { get: (name) => (headers[name] as string | undefined) ?? null }
}

/** Gemini takes its key there too. */
function keyOfQuery(url = ''): string | undefined {
  const mark = url.indexOf('?')
  if (mark < 0 || !url.includes('key=', mark)) return undefined
  return keyIn(new URLSearchParams(url.slice(mark + 1)).get('key') ?? '')
}
