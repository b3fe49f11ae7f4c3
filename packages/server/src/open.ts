import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemTimers, TallystickError } from '@tallystick/core'
import { type Clock, systemClock, systemRandom, uuidv7Generator } from '@tallystick/core/event'
import type { HealthSettings } from '@tallystick/core/insight'
import type { Journal } from '@tallystick/core/journal'
import { createPriceBook, type OverrideSource, type PriceBook } from '@tallystick/core/pricing'
import { type Alerts, createAlerts } from './alert/alerts.ts'
import type { SendOptions } from './alert/delivery/send.ts'
import { type Backups, createBackups } from './backup/backup.ts'
import { type Budgets, createBudgets } from './budget/budgets.ts'
import { createControlFeed } from './control/feed.ts'
import { type ControlSettings, type Following, follow } from './control/following.ts'
import { createErasure, type Erasure, type ErasureStep } from './erase/erasure.ts'
import { createHolds } from './erase/holds.ts'
import { directoryBytes } from './health/directory-bytes.ts'
import { DiskWatch } from './health/disk-watch.ts'
import { type ProviderWatch, watchProviders } from './health/provider-watch.ts'
import type { ClientAddressOptions } from './http/address/client-address.ts'
import type { AdminAccess, AppContext, Configuration, JournalHealth, StateHealth } from './http/app-context.ts'
import type { Listening } from './http/bind.ts'
import { isLoopback } from './http/guard.ts'
import type { Limits } from './http/limits.ts'
import type { ListenOptions } from './http/listen.ts'
import type { LiveHub } from './http/live/hub.ts'
import type { LoginOptions } from './http/login.ts'
import type { Protocol012Options } from './http/protocol012/protocol012.ts'
import { createFirstKey } from './identity/first-key.ts'
import { LOCAL } from './identity/principal.ts'
import type { AckMode, Ingest } from './ingest/ingest.ts'
import { openIngest } from './ingest/open-ingest.ts'
import { createGenerations } from './langfuse/generations.ts'
import type { Logger } from './logger.ts'
import { newWorkTimes } from './metrics/operation.ts'
import { figuresOf, type MetricsOptions } from './metrics/options.ts'
import { timedStore } from './metrics/timed-store.ts'
import { createBudgetGate } from './proxy/budget-gate.ts'
import { createKeyHash, directorySecret, newSecret } from './proxy/key-hash.ts'
import { type CaptureProxy, createProxy, type ProxySettings, type ProxyStats } from './proxy/proxy.ts'
import { createIngestRecorder } from './proxy/recorder.ts'
import { readUpstreams } from './proxy/upstream.ts'
import { type Push, startPush } from './push/push.ts'
import type { PushSettings } from './push/settings.ts'
import { createReports, type ReportSettings } from './report/reports.ts'
import { createRepricings } from './reprice/repricings.ts'
import type { DurableState } from './state/open.ts'
import type { ControlState } from './state/state.ts'
import { verifyState } from './state/verify.ts'
import { type Closer, openStorage, type Storage, type StorageOptions, storeUrl } from './storage.ts'
import type { UsageStore } from './store/store.ts'
import { assertTraceUrl } from './traces.ts'
import { startUpkeep, type Upkeep } from './upkeep.ts'
import { VERSION } from './version.ts'

export type { Configuration } from './http/app-context.ts'
export type { Logger } from './logger.ts'

/** What an embedded Tallystick is made of. */
export interface OpenOptions extends StorageOptions {
  /** Price files on top of the built-in catalogue. */
  readonly prices?: readonly OverrideSource[]
  /** When a batch that does not say is acknowledged; `durable` when absent. */
  readonly ack?: AckMode
  /** Memory for recent event ids; 64 MiB when absent. */
  readonly dedupMemoryBytes?: number
  readonly limits?: Partial<Limits>
  readonly allowedHosts?: readonly string[]
  readonly allowedOrigins?: readonly string[]
  /** What is kept of the addresses of clients; nothing when absent. */
  readonly clientAddress?: ClientAddressOptions
  readonly protocol012?: Protocol012Options
  /** How people's browsers get in beside by a key. */
  readonly login?: LoginOptions
  /**
   * Told the text of the first key, once, when a server without any is bound to anything but loopback: nobody could use it
   * otherwise. Absent: it is not made, and such a server is not started.
   */
  readonly onFirstKey?: (key: string) => void
  /** Who may use the routes under `/analytics`; without it this machine only. */
  readonly admin?: AdminAccess
  /** The capture proxy under `/proxy`; absent: there is none. See docs/proxy.md. */
  readonly proxy?: ProxySettings
  /** Pushes figures to a collector of OpenTelemetry; absent: to nobody. See docs/opentelemetry.md. */
  readonly push?: PushSettings
  /** Address of a trace, `{trace_id}` in place of its id; the page links to it. */
  readonly traceUrl?: string
  /** Whose the control state is, where it is another server's; absent: our own. See docs/cluster.md. */
  readonly control?: ControlSettings
  /** How alerts are sent. They are evaluated and sent from `listen` on, or from `alerts.start`. */
  readonly alerts?: SendOptions
  /** How reports are made, and where scheduled ones may be written. Schedules run from `listen` on. See docs/reports.md. */
  readonly reports?: ReportSettings
  /** What scrapes of `/metrics` show. See docs/metrics.md. */
  readonly metrics?: MetricsOptions
  /** From when on a provider is degraded or down; see docs/health.md. */
  readonly health?: Partial<HealthSettings>
  /** Files of the dashboard; those built into the package when absent. */
  readonly dashboardDir?: string
  /** What `GET /api/v1/settings` shows of the configuration that these options were made of. */
  readonly configuration?: Configuration
  readonly logger?: Logger
  readonly clock?: Clock
  /** Told of each step of an erasure before it begins. For tests, which end the process there. */
  readonly onErasureStep?: (step: ErasureStep) => void | Promise<void>
}

/** Everything in one process, without a socket until `listen`. */
export interface Tallystick {
  /** The sink: what is submitted here is validated, counted once, priced, journaled and applied. */
  readonly ingest: Ingest
  readonly store: UsageStore
  /** What people have told the server: keys, budgets, alerts; as lasting as the store. A copy where another server owns it. */
  readonly state: ControlState
  /** Absent with a memory store, which keeps nothing over a restart. */
  readonly journal: Journal | undefined
  readonly prices: PriceBook
  /** Budgets and leases, in process. */
  readonly budgets: Budgets
  readonly live: LiveHub
  /** The HTTP surface as a function; never rejects. With `trusted` the caller vouches for who asks, who then may do everything. */
  fetch(request: Request, options?: { readonly trusted?: boolean }): Promise<Response>
  /** Rules and what became of them; evaluated from `listen` on. */
  readonly alerts: Alerts
  /** How the providers do. */
  readonly providers: ProviderWatch
  /** What went through the capture proxy; undefined where there is none. */
  proxyStats(): ProxyStats | undefined
  /** The address of the scrape that stands alone; undefined where there is none, and before `listen`. */
  metricsUrl(): string | undefined
  /** @throws TallystickError `invalid_config` when an address cannot be bound, or would be open to others without any key */
  listen(options?: ListenOptions): Promise<Listening>
  /** Refuses what is new, finishes what is under way, and gives the data directory back. May be called twice. */
  close(): Promise<void>
}

/**
 * Opens a data directory: locks it, recovers the journal, opens the store and lets it catch up while queries are answered
 * with what is applied.
 *
 * @throws TallystickError `journal_locked` when another process has the directory, `data_dir_unusable`, `invalid_config`,
 *   `invalid_prices`, `journal_newer_format`, `store_unavailable`, `store_corrupt` when the store belongs to another journal,
 *   `state_corrupt`
 * @example
 * const tallystick = await openTallystick({ dataDir: './data' })
 * await tallystick.ingest.submit({ items: [{ model: 'gpt-4o', input_tokens: 1000 }], door: 'embedded' })
 * const answer = await tallystick.fetch(new Request('http://localhost/api/v1/status'))
 * await tallystick.close()
 */
export async function openTallystick(options: OpenOptions): Promise<Tallystick> {
  const closers: Closer[] = []
  try {
    return await open(options, closers)
  } catch (error) {
    // The first error is the one to report; what was opened before it must not keep the directory locked.
    await closeAll(closers).catch(() => undefined)
    throw error
  }
}

async function open(options: OpenOptions, closers: Closer[]): Promise<Tallystick> {
  const { clock = systemClock, logger = SILENT } = options
  const startedMs = clock.now()
  const onError = (error: unknown): void => logger.error({ err: error }, 'something failed in the background')
  if (options.traceUrl !== undefined) assertTraceUrl(options.traceUrl)
  const prices = createPriceBook({ overrides: options.prices ?? [] })

  const times = newWorkTimes()
  const opening = openStorage(options, closers, {
    clock,
    logger,
    onError,
    onCommitTime: (ms) => times.commit.observe(ms * 1000),
  })
  // Loaded while the store's thread loads the engine: together they are most of a start.
  const [
    { createApp },
    { loadAssets },
    { listen },
    { listenMetrics },
    { createLiveHub },
    { createLiveFeed },
    { journal, store, state: own, durable },
    follows,
  ] = await Promise.all([
    import('./http/app.ts'),
    import('./http/assets.ts'),
    import('./http/listen.ts'),
    import('./http/metrics-server.ts'),
    import('./http/live/hub.ts'),
    import('./http/websocket/feed.ts'),
    opening,
    openFollowing(options, opening, closers, { clock, logger, onError }),
  ])
  const state = follows?.copy.state ?? own
  const { dataDir } = options
  const journalDir = join(dataDir, 'journal')
  const holds = createHolds(state)
  const ingest = await openIngest({
    store,
    prices,
    clock,
    onError,
    mayClear: () => holds.assertFree(),
    ...(options.random ? { random: options.random } : {}),
    ...(journal ? { journal: { log: journal, dir: journalDir }, dedupDir: join(options.dataDir, 'dedup') } : {}),
    ...(options.retainEventsMs === undefined ? {} : { retainMs: options.retainEventsMs }),
    ...(options.dedupMemoryBytes === undefined ? {} : { dedupMemoryBytes: options.dedupMemoryBytes }),
  })
  // After the pipeline: the last push tells of what came last.
  closers.push(() => push?.close())
  closers.push(() => ingest.close())
  const push = openPush(options, ingest, clock, logger)

  // Before anything can be submitted: no accepted event may pass these by.
  const figures = figuresOf(options.metrics)
  figures.follow(ingest)
  const asked = timedStore(store, clock, (ms) => times.query.observe(ms * 1000))
  const controlFeed = createControlFeed({
    state,
    monotonic: () => clock.monotonic(),
    mintId: uuidv7Generator(clock, options.random ?? systemRandom),
  })
  const budgets = createBudgets({
    state,
    store: asked,
    ingest,
    clock,
    onError,
    ...(options.random ? { random: options.random } : {}),
    ...(follows === undefined ? {} : { owner: follows.leases }),
    shared: () => follows !== undefined || controlFeed.followed(),
  })
  closers.push(() => budgets.close())

  const generations = createGenerations({ state, ingest, clock, onError })
  closers.push(() => generations.close())
  // Of another server's generations it tends.
  if (follows === undefined) generations.start()

  const live = createLiveHub({
    clock,
    ...(options.limits?.streams === undefined ? {} : { maxStreams: options.limits.streams }),
    ...(options.limits?.streamsPerKey === undefined ? {} : { maxStreamsPerKey: options.limits.streamsPerKey }),
  })
  const feed = createLiveFeed({
    clock,
    async authenticate(token) {
      const { identity } = app.context
      return (await identity.authenticateToken(token)) ?? (identity.closed() ? undefined : LOCAL)
    },
    watch: (principal, ended) => app.context.identity.watch(principal, ended),
    spent: ({ agentId, tenantId }) =>
      agentId === undefined ? undefined : budgets.budgetOfAgent(agentId, tenantId)?.spentNanoUsd,
    ...(options.limits?.sockets === undefined ? {} : { maxSockets: options.limits.sockets }),
    ...(options.limits?.socketsPerKey === undefined ? {} : { maxSocketsPerKey: options.limits.socketsPerKey }),
  })
  budgets.onCrossing((crossing) => {
    feed.cross(crossing)
    return undefined
  })
  ingest.onAccepted((events) => {
    live.publish(events)
    feed.publish(events)
  })
  ingest.onCleared(() => {
    live.reset()
    feed.reset()
  })
  const providers = watchProviders({
    ingest,
    store,
    clock,
    onError,
    ...(options.health ? { settings: options.health } : {}),
  })
  closers.push(() => providers.close())
  const upkeep: Upkeep = startUpkeep({
    store,
    ingest,
    journal,
    clock,
    logger,
    ...retentionOf(options),
    allowed: (request) => holds.allowed(request),
  })
  closers.push(() => upkeep.stop())

  const proxy = openProxy(options, { ingest, budgets, prices, clock, onError })
  if (proxy !== undefined) closers.push(() => proxy.close())

  const disks = { journal: new DiskWatch(journalDir, clock), state: new DiskWatch(join(dataDir, 'state'), clock) }
  closers.push(() => Promise.all([disks.journal.settled(), disks.state.settled()]).then(() => undefined))

  let stopping = false
  const listening: Listening[] = []
  let scraped: Listening | undefined
  const alerts = createAlerts({
    state,
    store: asked,
    ingest,
    budgets,
    clock,
    logger,
    address: () => listening[0]?.url,
    ...(options.random ? { random: options.random } : {}),
    ...(options.alerts ? { send: options.alerts } : {}),
  })
  closers.push(() => alerts.close())
  const reports = createReports({
    state,
    store: asked,
    ingest,
    budgets,
    prices,
    clock,
    logger,
    ...(options.random ? { random: options.random } : {}),
    ...(options.alerts ? { send: options.alerts } : {}),
    ...options.reports,
  })
  closers.push(() => reports.close())
  const newRunId = uuidv7Generator(clock, options.random)
  const repricings = createRepricings({ store, ingest, state, prices, clock, newId: newRunId, onError })
  closers.push(() => repricings.close())
  const backups =
    journal && durable
      ? createBackups({ dataDir, journal, state: durable, store, ingest, clock, product: VERSION })
      : undefined
  const erasure = createErasure({
    dataDir,
    ingest,
    store,
    state,
    holds,
    audit: () => app.context.audit,
    clock,
    logger,
    backingUp: () => backups?.running() === true,
    ...(journal && durable ? { journal, durable } : {}),
    ...storeFileOf(options),
    ...(options.random ? { random: options.random } : {}),
    ...(options.onErasureStep ? { onStep: options.onErasureStep } : {}),
  })
  closers.push(() => erasure.close())
  const app = createApp({
    holds,
    erasure,
    ingest,
    store: asked,
    state,
    ...(durable ? { stateDamaged: () => durable.stats().damagedLines > 0 } : {}),
    controlFeed,
    ...(follows === undefined ? {} : { follows }),
    budgets,
    prices,
    repricings,
    alerts,
    reports,
    providers,
    live,
    feed,
    generations,
    clock,
    ...(journal && durable && backups
      ? {
          journalDir,
          backup: unlessErasing(backups, erasure),
          verifyState: () => verifyState(join(dataDir, 'state'), durable),
        }
      : {}),
    assets: await loadAssets(options.dashboardDir ?? BUILT_DASHBOARD),
    about: {
      version: VERSION,
      startedMs,
      catalogueVersion: () => prices.version,
      address: () => listening[0]?.url,
      ...(journal ? { journal: () => journalHealth(journal, disks.journal) } : {}),
      ...(durable ? { state: () => stateHealth(durable, disks.state) } : {}),
      ...(push === undefined ? {} : { push: () => push.stats() }),
      ...(options.traceUrl === undefined ? {} : { traceUrl: options.traceUrl }),
      ...(options.configuration === undefined ? {} : { configuration: options.configuration }),
      ...(journal ? { dataDir: () => directoryBytes(dataDir) } : {}),
      upkeep: () => upkeep.last(),
    },
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.ack ? { ack: options.ack } : {}),
    ...(options.allowedHosts ? { allowedHosts: options.allowedHosts } : {}),
    ...(options.allowedOrigins ? { allowedOrigins: options.allowedOrigins } : {}),
    ...(options.clientAddress ? { clientAddress: options.clientAddress } : {}),
    ...(options.protocol012 ? { protocol012: options.protocol012 } : {}),
    ...(options.login ? { login: options.login } : {}),
    ...(options.admin ? { admin: options.admin } : {}),
    ...(proxy === undefined ? {} : { proxy }),
    metrics: { ...options.metrics, figures, times },
    retention: {
      ...(options.retainEventsMs === undefined ? {} : { eventsMs: options.retainEventsMs }),
      ...(options.retainCellsMs === undefined ? {} : { cellsMs: options.retainCellsMs }),
      ...(options.retainKindsMs === undefined ? {} : { kindsMs: options.retainKindsMs }),
    },
    ...(options.random ? { random: options.random } : {}),
    onError: (error, requestId) => logger.error({ err: error, request_id: requestId }, 'a request failed'),
    stopping: () => stopping,
  })
  void erasure.resume().catch((error: unknown) => {
    if (!stopping) logger.error({ err: error }, 'an erasure could not be finished; the next start goes on with it')
  })
  // Streams never end by themselves, so they go first; then requests under way are waited for.
  closers.push(() => Promise.all(listening.map((server) => server.close())).then(() => undefined))
  // Before everything else goes: a scrape of a server that is half closed says what is not so.
  closers.push(() => scraped?.close())
  closers.push(() => live.close())
  closers.push(() => feed.close())
  closers.push(() => controlFeed.close())

  const listenForScrapes = async (): Promise<void> => {
    const where = options.metrics?.listen
    if (where === undefined || scraped !== undefined) return
    const { allowedHosts = [], allowedOrigins = [] } = options
    scraped = await listenMetrics(app.context, { ...where, allowedHosts, allowedOrigins })
  }

  let closed: Promise<void> | undefined
  return {
    ingest,
    store,
    state,
    journal,
    prices,
    budgets,
    live,
    alerts,
    providers,
    proxyStats: () => proxy?.stats(),
    metricsUrl: () => scraped && `${scraped.url}/metrics`,
    fetch: (request, { trusted = false } = {}) => app.fetch(request, undefined, trusted ? LOCAL : undefined),
    async listen(where) {
      if (stopping) throw new TallystickError('shutting_down')
      // Whoever owns the control state makes the first key.
      if (!isLoopback(where?.host) && follows === undefined) await closeToStrangers(app.context, options.onFirstKey)
      await listenForScrapes()
      const server = await listen(app, where)
      listening.push(server)
      if (follows === undefined) {
        alerts.start()
        reports.start()
      }
      return server
    },
    close() {
      stopping = true
      closed ??= closeAll(closers)
      return closed
    },
  }
}

/** A backup holds files of before: none begins while a user is erased from them. */
function unlessErasing(begin: Backups, erasure: Erasure): Backups {
  const guarded: () => ReturnType<Backups> = async () => {
    if (erasure.progress() !== undefined)
      throw new TallystickError('overloaded', 'A user is being erased; ask for the backup again when that is done.')
    return begin()
  }
  return Object.assign(guarded, { running: begin.running })
}

function storeFileOf(options: OpenOptions): { readonly storeFile?: string } {
  const [, file] = /^duckdb:(?:\/\/)?(.+)$/.exec(storeUrl(options)) ?? []
  return file === undefined ? {} : { storeFile: file }
}

/**
 * After the storage, which holds the lock of the directory.
 *
 * @throws TallystickError `invalid_config`
 */
async function openFollowing(
  { control, dataDir }: OpenOptions,
  opening: Promise<Storage>,
  closers: Closer[],
  parts: { readonly clock: Clock; readonly logger: Logger; readonly onError: (error: unknown) => void },
): Promise<Following | undefined> {
  if (control === undefined) return undefined
  const { journal } = await opening
  const follows = await follow(control, {
    ...parts,
    ...(journal === undefined ? {} : { file: join(dataDir, CONTROL_COPY_FILE) }),
  })
  closers.push(() => follows.copy.close())
  return follows
}

function journalHealth(journal: Journal, disk: DiskWatch): JournalHealth {
  const stats = journal.stats()
  return { ...stats, id: journal.id, state: disk.look({ state: stats.state, failures: stats.failedCommits }) }
}

function stateHealth(durable: DurableState, disk: DiskWatch): StateHealth {
  const stats = durable.stats()
  return { ...stats, state: disk.look({ state: stats.state, failures: stats.failedWrites }) }
}

/** @throws TallystickError `invalid_config` when where figures go is not valid */
function openPush(
  { push: settings, random = systemRandom }: OpenOptions,
  ingest: Ingest,
  clock: Clock,
  logger: Logger,
): Push | undefined {
  if (settings === undefined) return undefined
  const instanceId = uuidv7Generator(clock, random)()
  return startPush({ ...settings, ingest, clock, random, timers: systemTimers, logger, version: VERSION, instanceId })
}

/** @throws TallystickError `invalid_config` when an upstream is not valid */
function openProxy(
  { proxy: settings, dataDir, random = systemRandom, ...options }: OpenOptions,
  parts: Pick<Tallystick, 'ingest' | 'budgets' | 'prices'> & {
    readonly clock: Clock
    readonly onError: (error: unknown) => void
  },
): CaptureProxy | undefined {
  if (settings === undefined) return undefined
  const { ingest, budgets, prices, clock, onError } = parts
  const isVolatile = storeUrl({ ...options, dataDir }).startsWith('memory:')
  const secret = settings.keyHashSecret ?? (isVolatile ? newSecret() : directorySecret(dataDir))
  const mintId = uuidv7Generator(clock, random)
  return createProxy({
    upstreams: readUpstreams(settings),
    recorder: createIngestRecorder({ ingest, onError, gatherMs: settings.gatherMs }),
    keyHash: createKeyHash(secret),
    clock,
    onError,
    ...(settings.idleMs === undefined ? {} : { idleMs: settings.idleMs }),
    ...(settings.includeUsage === undefined ? {} : { includeUsage: settings.includeUsage }),
    ...(settings.enforceBudgets === true
      ? { gate: createBudgetGate({ leases: budgets.leases, prices, clock, mintId }) }
      : {}),
  })
}

/** @throws TallystickError `invalid_config` */
async function closeToStrangers(
  { identity, state, clock, audit }: AppContext,
  tell: OpenOptions['onFirstKey'],
): Promise<void> {
  if (identity.closed()) return
  if (tell === undefined)
    throw new TallystickError(
      'invalid_config',
      'Other machines can reach this address, and there is no key yet. Make one with `tallystick keys create NAME --scopes admin`, or listen on 127.0.0.1.',
      { issues: [{ path: 'auth.first_key', message: 'no key is made by itself' }] },
    )
  tell(await createFirstKey(state, clock, audit))
}

/** Of the data directory: what is known of the control state of another server. */
const CONTROL_COPY_FILE = 'control-copy.ndjson'
const BUILT_DASHBOARD = fileURLToPath(new URL('../dist/dashboard', import.meta.url))
const SILENT: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

function retentionOf({
  retainEventsMs,
  retainCellsMs,
  retainKindsMs,
}: OpenOptions): Pick<OpenOptions, 'retainEventsMs' | 'retainCellsMs' | 'retainKindsMs'> {
  return {
    ...(retainKindsMs === undefined ? {} : { retainKindsMs }),
    ...(retainEventsMs === undefined ? {} : { retainEventsMs }),
    ...(retainCellsMs === undefined ? {} : { retainCellsMs }),
  }
}

/** Last opened, first closed; one that fails does not keep the others open. */
async function closeAll(closers: Closer[]): Promise<void> {
  const errors: unknown[] = []
  for (const close of closers.splice(0).reverse()) {
    try {
      await close()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
