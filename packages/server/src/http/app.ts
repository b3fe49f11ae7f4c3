import { TallystickError, type Timers } from '@tallystick/core'
import { type Clock, type Random, systemClock, systemRandom, uuidv7Generator } from '@tallystick/core/event'
import { createPriceBook, type PriceBook } from '@tallystick/core/pricing'
import { Hono } from 'hono'
import { type Alerts, createAlerts } from '../alert/alerts.ts'
import type { BackupStream } from '../backup/archive.ts'
import { type Budgets, createBudgets } from '../budget/budgets.ts'
import { type ControlFeed, createControlFeed } from '../control/feed.ts'
import type { Following } from '../control/following.ts'
import { FOLLOWER_HEADER, POSITION_HEADER } from '../control/owner.ts'
import { createErasure, type Erasure } from '../erase/erasure.ts'
import { createHolds, type Holds } from '../erase/holds.ts'
import { type ProviderWatch, watchProviders } from '../health/provider-watch.ts'
import type { AuthMethod } from '../identity/auth-method.ts'
import { createAuthenticator } from '../identity/authenticator.ts'
import { createJwtMethods } from '../identity/jwt-method.ts'
import { createKeyMethod } from '../identity/key-method.ts'
import type { Principal } from '../identity/principal.ts'
import { scopedStore } from '../identity/scoped-store.ts'
import type { AckMode, Ingest } from '../ingest/ingest.ts'
import { type VerifyOptions, verify } from '../ingest/verify.ts'
import { createGenerations, type Generations } from '../langfuse/generations.ts'
import { Figures } from '../metrics/figures.ts'
import { newWorkTimes, type WorkTimes } from '../metrics/operation.ts'
import { NO_ROUTE, RequestCounts } from '../metrics/request-counts.ts'
import { createServerMetrics, type MetricSettings, type ServerMetrics } from '../metrics/server-metrics.ts'
import type { CaptureProxy } from '../proxy/proxy.ts'
import { createReports, type Reports } from '../report/reports.ts'
import { createRepricings, type Repricings } from '../reprice/repricings.ts'
import { createAudit } from '../state/audit-log.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import type { UsageStore } from '../store/store.ts'
import { type ClientAddressOptions, createClientAddress } from './address/client-address.ts'
import { admitted, endedWith } from './admission.ts'
import type { About, AdminAccess, AppContext, Retention } from './app-context.ts'
import type { Assets } from './assets.ts'
import { createByteBudget } from './body.ts'
import { createDownloads } from './downloads.ts'
import { forwarded } from './forwarded.ts'
import { createGuard } from './guard.ts'
import { readinessOf } from './handlers/health.ts'
import { secureHeaders } from './headers.ts'
import { createIngestDoor } from './ingest-door.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import type { LiveHub } from './live/hub.ts'
import { createLogin, type LoginOptions } from './login.ts'
import { openApiDocument } from './openapi/document.ts'
import { createTelemetry } from './otlp/telemetry.ts'
import { checkParameters, documentedParameters } from './parameters.ts'
import { problemOf, problemResponse } from './problem.ts'
import type { BudgetsOf } from './protocol012/budgets.ts'
import { createProtocol012, type Protocol012Options } from './protocol012/protocol012.ts'
import type { Call, FailureShape, Route } from './route.ts'
import { ROUTES } from './routes.ts'
import { createTurnstile } from './turnstile.ts'
import type { LiveFeed } from './websocket/feed.ts'

export interface AppOptions {
  readonly ingest: Ingest
  readonly store: UsageStore
  /** What people have told the server; in memory when absent. */
  readonly state?: ControlState
  /** Have lines of its log been lost? Among them may have been the only key. Asked by every request; never when absent. */
  readonly stateDamaged?: () => boolean
  /** What others are told of that state that follow it; made when absent. */
  readonly controlFeed?: ControlFeed
  /** The server whose control state that is a copy of. */
  readonly follows?: Following
  /** Over the same state, store and pipeline; made when absent, and then nothing happens in them by itself. */
  readonly budgets?: Budgets
  /** What leases are reckoned by, and events priced anew; the catalogue when absent. */
  readonly prices?: Pick<PriceBook, 'price' | 'receipt' | 'receiptBy' | 'resolve' | 'models' | 'version'>
  /** Over the same state and pipeline; made when absent. */
  readonly repricings?: Repricings
  /** How people's browsers get in beside by a key; asked after keys and JWTs. */
  readonly login?: LoginOptions
  /** Rules and what became of them; kept and shown, but not evaluated, when absent. */
  readonly alerts?: Alerts
  /** Over the same state and store; made when absent, and then no schedule runs. */
  readonly reports?: Reports
  /** How the providers do; judged only when somebody asks when absent. */
  readonly providers?: ProviderWatch
  readonly live: LiveHub
  readonly feed: LiveFeed
  readonly about: About
  readonly assets: Assets
  /** Begins a backup; absent with a memory store. */
  readonly backup?: () => Promise<BackupStream>
  /** Where the journal lies; absent with a memory store. */
  readonly journalDir?: string
  /** Checks the files of `state`; absent where it has none. */
  readonly verifyState?: NonNullable<VerifyOptions['verifyState']>
  readonly limits?: Partial<Limits>
  /** When `POST /api/v1/events` answers where a request does not say; `durable` when absent. */
  readonly ack?: AckMode
  /** Host names beside loopback that requests may name. */
  readonly allowedHosts?: readonly string[]
  /** Origins beside our own that may send requests. */
  readonly allowedOrigins?: readonly string[]
  /** What is kept of the addresses of clients; nothing when absent. */
  readonly clientAddress?: ClientAddressOptions
  readonly protocol012?: Protocol012Options
  /** Over the same state and pipeline; made when absent, and then nothing happens in it by itself. */
  readonly generations?: Generations
  /** What agents may spend; as `budgets` has it when absent. */
  readonly budgetsOf?: BudgetsOf
  readonly admin?: AdminAccess
  /** The capture proxy; without it there is nothing under /proxy. */
  readonly proxy?: CaptureProxy
  /** What scrapes are told, beside what stands in the rest. */
  readonly metrics?: MetricSettings & Partial<MetricsParts>
  /** Over the same state; made when absent. */
  readonly holds?: Holds
  /** Takes users out of what the server keeps; made when absent, and then of the store and the state only. */
  readonly erasure?: Erasure
  /** How long things are kept; only told, not enforced here. */
  readonly retention?: Retention
  readonly clock?: Clock
  readonly random?: Random
  readonly onError?: (error: unknown, requestId: string) => void
  readonly stopping?: () => boolean
}

/** What is made before there is an application, so that nothing passes it by. */
export interface MetricsParts {
  readonly figures: Figures
  readonly times: WorkTimes
}

/** The whole HTTP surface without a socket. */
export interface App {
  /**
   * Answers a request; never rejects. `peer` is the address of the other end, where there is a socket; with `as` it is not
   * looked at who the request says it comes from.
   */
  fetch(request: Request, peer?: string, as?: Principal): Promise<Response>
  readonly context: AppContext
}

/** Nothing happens by itself. */
const NEVER: Timers = { after: () => () => undefined }

/** Paths that say how the process is and so answer while it stops. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/version'])
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Builds the application from {@link ROUTES}: checks Host and Origin, dispatches, turns errors into problems and puts the
 * security headers on whatever comes out.
 */
export function createApp(options: AppOptions): App {
  const context = contextOf(options)
  const router = routerOf(ROUTES, context)
  const shapeOf = shapesOf(ROUTES)

  const answer = async (request: Request, peer: string | undefined, as: Principal | undefined): Promise<Response> => {
    const url = new URL(request.url)
    assertAllowed(request, url, context, !SAFE_METHODS.has(request.method))
    if (context.stopping() && !PROBES.has(url.pathname)) throw new TallystickError('shutting_down')
    return router.fetch(request, { peer, as })
  }

  return {
    context,
    async fetch(request, peer, as) {
      let response: Response
      try {
        response = await answer(request, peer, as)
      } catch (error) {
        response = await failure(error, context, request, shapeOf(new URL(request.url).pathname))
        context.requests.count(NO_ROUTE, response.status)
      }
      secureHeaders(response.headers)
      const origin = context.guard.corsOrigin(request.headers.get('origin') ?? undefined)
      if (origin !== undefined) {
        response.headers.set('access-control-allow-origin', origin)
        response.headers.append('vary', 'origin')
      }
      return response
    },
  }
}

/**
 * @param guarded it changes something, or opens a stream
 * @throws TallystickError `misdirected_host`, `forbidden_origin`
 */
function assertAllowed({ headers }: Request, url: URL, { guard }: AppContext, guarded: boolean): void {
  const origin = headers.get('origin') ?? undefined
  const fetchSite = headers.get('sec-fetch-site') ?? undefined
  // The target of the request line counts over the header, and either may be forged alone.
  for (const host of [headers.get('host') ?? url.host, url.host]) {
    const refused = guard.refusal({ host, origin, fetchSite, guarded })
    if (refused !== undefined) throw refused
  }
}

function contextOf(options: AppOptions): AppContext {
  const {
    ingest,
    store,
    live,
    feed,
    about,
    assets,
    clock = systemClock,
    random = systemRandom,
    ack = 'durable',
  } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const requests = new RequestCounts()
  const budget = createByteBudget(limits.heldBytes)
  const state = options.state ?? openMemoryState()
  const budgets = options.budgets ?? createBudgets({ state, store, ingest, clock, random, ticks: false })
  const guard = createGuard({ allowedHosts: options.allowedHosts ?? [], allowedOrigins: options.allowedOrigins ?? [] })
  const jwtSecret = options.protocol012?.jwtSecret
  const clientAddress = createClientAddress(options.clientAddress ?? { policy: 'off', trustedProxies: [] })
  const newRequestId = uuidv7Generator(clock, random)
  const prices = options.prices ?? createPriceBook()
  const onError = options.onError ?? (() => undefined)
  const keys = createKeyMethod(state)
  const login = createLogin(options.login ?? {}, {
    state,
    clientAddress,
    keys,
    onError: (error) => onError(error, newRequestId()),
  })
  const methods: readonly AuthMethod[] = [
    keys,
    ...(jwtSecret === undefined ? [] : createJwtMethods(state, jwtSecret)),
    ...login.methods,
  ]
  const { follows } = options
  const providers = options.providers ?? watchProviders({ ingest, store, clock, timers: NEVER })
  const audit = createAudit(state, clock)
  const holds = options.holds ?? createHolds(state)
  const context: AppContext = {
    ingest,
    store,
    state,
    audit,
    holds,
    erasure: options.erasure ?? createErasure({ dataDir: '', ingest, store, state, holds, audit: () => audit, clock }),
    controlFeed:
      options.controlFeed ?? createControlFeed({ state, monotonic: () => clock.monotonic(), mintId: newRequestId }),
    ...(follows === undefined ? {} : { follows }),
    budgets,
    prices,
    repricings:
      options.repricings ??
      createRepricings({
        store,
        ingest,
        state,
        prices,
        clock,
        newId: newRequestId,
        onError: (error) => onError(error, newRequestId()),
      }),
    identity: createAuthenticator(methods, {
      state,
      clock,
      exposed: () => !guard.local() || follows?.copy.hadKeys === true || follows?.copy.fresh() === false,
      ...(follows === undefined ? {} : { assertKnown: () => follows.copy.assertFresh() }),
      ...(options.stateDamaged === undefined ? {} : { keysLost: options.stateDamaged }),
    }),
    reports: options.reports ?? createReports({ state, store, ingest, budgets, prices, clock, random }),
    alerts: options.alerts ?? createAlerts({ state, store, ingest, clock, random }),
    providers,
    live,
    feed,
    about,
    verify: () =>
      verify({
        ingest,
        store,
        appliedWithinMs: limits.appliedWaitMs,
        ...(options.journalDir ? { journalDir: options.journalDir } : {}),
        ...(options.verifyState ? { verifyState: options.verifyState } : {}),
      }),
    assets,
    clock,
    limits,
    admin: options.admin ?? {},
    retention: options.retention ?? {},
    budget,
    guard,
    clientAddress,
    login,
    door: createIngestDoor({ ingest, limits, budget, clientAddress, ack }),
    protocol012: createProtocol012(options.protocol012 ?? {}, clock),
    telemetry: createTelemetry({ ingest, state, clock }),
    generations:
      options.generations ??
      createGenerations({ state, ingest, clock, onError: (error) => onError(error, newRequestId()) }),
    budgetsOf: options.budgetsOf ?? ((agentId, tenantId) => budgets.budgetOfAgent(agentId, tenantId)),
    queries: createTurnstile(limits.runningQueries, limits.waitingQueries),
    downloads: createDownloads(limits.downloads),
    ...(options.proxy ? { proxy: options.proxy } : {}),
    ...(options.backup ? { backup: options.backup } : {}),
    requests,
    metrics: metricsOf(options, {
      state,
      budgets,
      providers,
      clock,
      requests,
      ready: () => readinessOf(context).status !== 'unavailable',
    }),
    openApi: once(() => openApiDocument(ROUTES, about.version)),
    newRequestId,
    newSecret: (bytes) => Buffer.from(random.fill(new Uint8Array(bytes))).toString('hex'),
    onError,
    stopping: options.stopping ?? (() => false),
  }
  return context
}

function metricsOf(
  { metrics = {}, ingest, store, live, feed, about, proxy }: AppOptions,
  parts: Pick<AppContext, 'budgets' | 'state' | 'clock' | 'requests' | 'providers'> & { readonly ready: () => boolean },
): ServerMetrics {
  const { budgets, providers, ...own } = parts
  const { figures = followed(ingest), times = newWorkTimes(), ...settings } = metrics
  return createServerMetrics(settings, {
    figures,
    budgets,
    providers: (tenantId) => providers.list(tenantId).providers,
    active: proxy && ((share) => proxy.active(share)),
    operation: {
      ...own,
      ingest,
      store,
      times,
      proxied: proxy && (() => proxy.stats().recording),
      version: about.version,
      journal: about.journal,
      streams: () => {
        const { clients, pending } = feed.stats()
        return { sse: live.stats().streams, websocket: clients + pending }
      },
    },
  })
}

function followed(ingest: Ingest): Figures {
  const figures = new Figures()
  figures.follow(ingest)
  return figures
}

interface Bindings {
  readonly peer: string | undefined
  readonly as: Principal | undefined
}

function routerOf(routes: readonly Route[], context: AppContext): Hono<{ Bindings: Bindings }> {
  const router = new Hono<{ Bindings: Bindings }>()
  for (const route of routes) {
    const parameters = route.strict ? documentedParameters(route.doc) : undefined
    const counted = (response: Response): Response => {
      context.requests.count(route.path, response.status)
      return response
    }
    router.on(route.method, route.path, async (c) => {
      try {
        const url = new URL(c.req.url)
        // Here, where the route is known: a path has as many spellings as it has letters.
        if (route.stream) assertAllowed(c.req.raw, url, context, true)
        if (parameters !== undefined) checkParameters(url.searchParams, parameters)
        const { peer, as } = c.env
        if (route.control && context.follows !== undefined)
          return counted(await forwarded({ request: c.req.raw, url, peer, as }, context.follows, context))
        const principal =
          as ?? (await admitted(route, { headers: c.req.raw.headers, url, peer, nowMs: context.clock.now() }, context))
        const store = scopedStore(context.store, principal)
        const params = c.req.param() as Readonly<Record<string, string>>
        const call: Call = { request: c.req.raw, url, params, app: context, principal, store, peer }
        const response = counted(await route.handler(call))
        if (route.control) tellPosition(response, c.req.raw, context)
        return route.long ? endedWith(response, principal, context.identity) : response
      } catch (error) {
        return counted(await failure(error, context, c.req.raw, route.failure))
      }
    })
    // After a path's last row: whatever method got past them is not one of its own.
    const methods = methodsOf(routes, route.path)
    if (route === routes.findLast(({ path }) => path === route.path)) {
      router.all(route.path, async (c) =>
        counted(
          c.req.method === 'OPTIONS' ? optionsAnswer(methods) : await refusedMethod(methods, route, c.req.raw, context),
        ),
      )
    }
  }
  return router
}

/** A server that follows waits until it has seen what came of a request that it passed on. */
function tellPosition({ headers }: Response, request: Request, { controlFeed }: AppContext): void {
  if (request.headers.get(FOLLOWER_HEADER) === null) return
  const position = controlFeed.position()
  if (position !== undefined) headers.set(POSITION_HEADER, position)
}

/** How errors look at a path, for those that come before a route has been found. */
function shapesOf(routes: readonly Route[]): (pathname: string) => FailureShape | undefined {
  const exact = new Map(routes.map((route): [string, FailureShape | undefined] => [route.path, route.failure]))
  const patterns = routes
    .filter(({ path, failure: shape }) => path.includes('/:') && shape !== undefined)
    .map((route) => ({ parts: route.path.split('/'), shape: route.failure }))
  return (pathname) => {
    if (exact.has(pathname)) return exact.get(pathname)
    const given = pathname.split('/')
    const fits = (parts: readonly string[]): boolean =>
      parts.length === given.length && parts.every((part, at) => part.startsWith(':') || part === given[at])
    return patterns.find(({ parts }) => fits(parts))?.shape
  }
}

/** Made when it is first asked for: most servers are never asked. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function methodsOf(routes: readonly Route[], path: string): readonly string[] {
  const own = routes.filter((route) => route.path === path).map((route): string => route.method)
  return [...new Set(own.includes('GET') ? [...own, 'HEAD', 'OPTIONS'] : [...own, 'OPTIONS'])]
}

/** Also what a browser asks before it sends a request from an allowed origin; without one it learns nothing it may use. */
function optionsAnswer(methods: readonly string[]): Response {
  return new Response(null, {
    status: 204,
    headers: {
      allow: methods.join(', '),
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers':
        'authorization, content-type, content-encoding, idempotency-key, last-event-id, x-api-key',
      'access-control-max-age': '600',
    },
  })
}

async function refusedMethod(
  methods: readonly string[],
  route: Route,
  request: Request,
  context: AppContext,
): Promise<Response> {
  const { method } = request
  const wildcard = route.path === '/*'
  const error = wildcard
    ? new TallystickError('not_found', `There is nothing here that takes ${method}.`)
    : new TallystickError(
        'method_not_allowed',
        `${route.path} does not take ${method}; it takes ${methods.join(', ')}.`,
      )
  const response = await failure(error, context, request, route.failure)
  if (!wildcard) response.headers.set('allow', methods.join(', '))
  return response
}

function failure(
  error: unknown,
  context: AppContext,
  request: Request,
  shape: FailureShape = problemResponse,
): Response | Promise<Response> {
  const requestId = context.newRequestId()
  const problem = problemOf(error, requestId)
  if (problem.code === 'internal_error') context.onError(error, requestId)
  return shape(problem, request)
}
