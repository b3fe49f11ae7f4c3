import { EventEmitter } from 'node:events'
import { isTallystickError, type TallystickError } from '../errors.ts'
import { encodeUsageRecord, type UsageEvent, uuidv7Generator } from '../event/index.ts'
import { volumeScore } from '../insight/index.ts'
import type { JournalEntry } from '../journal/index.ts'
import { advice } from './advice.ts'
import { type CostOptions, costAnalysis, savingsOfBreakdown } from './cost.ts'
import type { InvocationFold } from './figures.ts'
import { History } from './history.ts'
import { importDirectory, importOwnFiles } from './import.ts'
import { InvocationLog } from './invocation-log.ts'
import { sessionEntry } from './log-entries.ts'
import { isoInstant } from './named.ts'
import { type Settings, settingsOf, type UsageAnalyticsOptions } from './options.ts'
import { type PriceTable, withPrices } from './pricing.ts'
import { readInvocation } from './read-invocation.ts'
import { RecordingCounts } from './recording-counts.ts'
import { markdownReport } from './report.ts'
import { newSessionId, Session } from './session.ts'
import { fillSession, findSession, listSessions } from './sessions.ts'
import { tellListeners } from './tell.ts'
import { type InstantRange, instantRange } from './time-range.ts'
import type {
  BackendUsage,
  CostAnalysis,
  CostSavings,
  HistoricalAnalytics,
  ImportResult,
  InvocationInput,
  InvocationRecord,
  Named,
  OptimizationRecommendations,
  Pricing,
  RecordingStatus,
  SessionMetrics,
  SessionStats,
  SessionSummary,
  TimeRange,
  UsageReport,
} from './types.ts'

const UPKEEP_MS = 60_000
const DEFAULT_RANGE: TimeRange = '7d'

/**
 * Usage analytics of tools and backends, as smart-ai-bridge has them: the methods and results of its class, with a journal
 * in place of a file an event. `docs/usage-analytics.md` tells what is different and why.
 *
 * Emits `invocation` once for each record. A listener that throws is counted and told to `onError`; it cannot fail the
 * recording. Times in results are ISO 8601 in UTC, amounts USD, success rates percent, confidences 0 to 1; no figure is ever
 * NaN. Objects by backend, tool or route have no prototype.
 *
 * @example
 * const analytics = new UsageAnalytics('./data/analytics')
 * await analytics.init()
 * await analytics.recordInvocation({ tool_name: 'ask', backend_used: 'local', processing_time_ms: 820, tokens_used: 900 })
 * analytics.getSessionStats().metrics.total_tokens // 900
 * await analytics.cleanup()
 */
export class UsageAnalytics extends EventEmitter<{ invocation: [InvocationRecord] }> {
  readonly dataDir: string
  readonly #settings: Settings
  readonly #log: InvocationLog
  readonly #mintId: () => string
  readonly #session: Session
  #restored: boolean
  #announced = false
  #starting: Promise<void> | undefined
  #upkeep: ReturnType<typeof setInterval> | undefined
  readonly #counts = new RecordingCounts()

  /**
   * @param dataDir made when it is needed; several processes may share one
   * @throws TallystickError `invalid_config`, `invalid_prices`
   */
  constructor(dataDir = './data/analytics', options: UsageAnalyticsOptions = {}) {
    super()
    const settings = settingsOf(dataDir, options)
    const { clock, random, sessionId, maxNames } = settings
    this.dataDir = dataDir
    this.#settings = settings
    this.#log = new InvocationLog({ ...settings, dataDir })
    this.#mintId = uuidv7Generator(clock, random)
    this.#session = new Session(sessionId ?? this.generateSessionId(), clock.now(), maxNames)
    this.#restored = sessionId === undefined
  }

  /**
   * Opens the directory, continues the session that the options name, and imports files of the old class once. Recording
   * works before it too: the first record does the same in the background.
   *
   * @throws TallystickError `data_dir_unusable`, `journal_newer_format`; records wait in memory meanwhile
   */
  async init(): Promise<void> {
    await this.#start()
  }

  /**
   * Records one invocation. Resolves once it is on disk, after the listeners were told; if the disk cannot be written, once
   * that is known, and the record waits in memory to be written later ({@link getRecordingStatus}). Input is repaired rather
   * than refused.
   *
   * @returns the record as it is kept
   * @throws TallystickError `not_an_object` if `input` is none or its members cannot be read
   */
  async recordInvocation(input: InvocationInput): Promise<InvocationRecord> {
    const event = this.#read(input, this.#session.id)
    // Before the first wait: what is asked of the session right after the call has the record in it.
    this.#session.add(event)
    await this.#log.append(event, this.#announcement())
    const record = encodeUsageRecord(event) as InvocationRecord
    this.#tell(record)
    this.#forward(event)
    return record
  }

  /** The current session's sums, as the old class let them be read. A copy. */
  get currentSession(): { session_id: string; started_at: string; metrics: SessionMetrics } {
    const { id, startedMs } = this.#session
    return { session_id: id, started_at: isoInstant(startedMs), metrics: this.#session.metrics() }
  }

  /** The current session with its rates, means and ranking. */
  getSessionStats(): SessionStats {
    return this.#session.stats()
  }

  /** An earlier session, or the current one, from the journal; undefined if it is not known there. */
  async getSession(sessionId: string): Promise<SessionStats | undefined> {
    await this.#settled()
    return (await findSession(sessionId, this.#log.read(), this.#settings.maxNames))?.stats()
  }

  /** The sessions of the directory, of this and other processes, the latest first. */
  async getSessions(): Promise<SessionSummary[]> {
    await this.#settled()
    return listSessions(this.#log.read())
  }

  /**
   * What happened in a range of event time, over all sessions.
   *
   * @throws TallystickError `invalid_period` for an unknown range
   * @complexity one pass over the journal; memory grows with the number of names, not of events
   */
  async getHistoricalAnalytics(timeRange: TimeRange = DEFAULT_RANGE): Promise<HistoricalAnalytics> {
    return (await this.#history(this.#rangeOf(timeRange))).analytics()
  }

  /** The same for records at hand, in any order; what is no object is passed over. */
  aggregateEvents(records: Iterable<unknown>): HistoricalAnalytics {
    const history = new History(this.#settings)
    const nowMs = this.#settings.clock.now()
    for (const record of records) {
      try {
        history.add(readInvocation(record, { nowMs, mintId: () => 'unkept' }).event)
      } catch (error) {
        if (!isTallystickError(error)) throw error
      }
    }
    return history.analytics()
  }

  /**
   * What the current session cost, or a range of time. Tokens that are known as input and output are priced as such, others
   * as 30 % input and 70 % output (`estimated`). A backend without a price costs 0 and is named in `unpriced_backends`.
   *
   * @param pricing USD per million tokens, laid over the constructor's for this call
   * @throws TallystickError `invalid_prices`, `invalid_period`
   */
  async getCostAnalysis(
    pricing: Pricing = {},
    options: { readonly timeRange?: TimeRange; readonly legacy?: boolean } = {},
  ): Promise<CostAnalysis> {
    const prices = withPrices(this.#settings.prices, pricing)
    const { timeRange, legacy = this.#settings.legacy } = options
    return this.#cost(await this.#scope(timeRange), prices, legacy)
  }

  /** What should change, judged by the current session or by a range of time. */
  async getOptimizationRecommendations(
    options: { readonly timeRange?: TimeRange } = {},
  ): Promise<OptimizationRecommendations> {
    const scope = await this.#scope(options.timeRange)
    const { prices, legacy } = this.#settings
    return this.#advice(scope, this.#cost(scope, prices, legacy))
  }

  /**
   * Everything in one report: session, history, cost and recommendations of the range (in legacy mode of the session).
   *
   * @param format `json` and `markdown` give a text, anything else the report itself
   * @throws TallystickError `invalid_period`
   */
  exportReport(format?: 'json' | 'markdown', timeRange?: TimeRange): Promise<string>
  exportReport(format: string, timeRange?: TimeRange): Promise<string | UsageReport>
  async exportReport(format = 'json', timeRange: TimeRange = DEFAULT_RANGE): Promise<string | UsageReport> {
    const { clock, legacy, prices } = this.#settings
    const range = this.#rangeOf(timeRange)
    const history = await this.#history(range)
    const scope = legacy ? this.#sessionScope() : scopeOf(history, range)
    const cost = this.#cost(scope, prices, legacy)
    const report: UsageReport = {
      generated_at: isoInstant(clock.now()),
      time_range: timeRange,
      current_session: this.getSessionStats(),
      historical_data: history.analytics(),
      cost_analysis: cost,
      recommendations: this.#advice(scope, cost),
    }
    if (format === 'json') return JSON.stringify(report, null, 2)
    return format === 'markdown' ? this.generateMarkdownReport(report) : report
  }

  /** A report as Markdown. */
  generateMarkdownReport(report: UsageReport): string {
    return markdownReport(report)
  }

  /** The old score of a backend, see `volumeScore`. */
  calculateBackendScore(usage: Pick<BackendUsage, 'requests' | 'successes' | 'avg_time_ms'>): number {
    return volumeScore({ requests: usage.requests, successes: usage.successes, averageMs: usage.avg_time_ms })
  }

  /** What local tokens would have cost elsewhere, by the old formula. */
  calculateCostSavings(
    costBreakdown: Readonly<Named<{ readonly tokens: number } | undefined>>,
    pricing: Pricing = {},
  ): CostSavings {
    return savingsOfBreakdown(costBreakdown, this.#costOptions(0, withPrices(this.#settings.prices, pricing), true))
  }

  generateSessionId(): string {
    return newSessionId(this.#settings.clock, this.#settings.random)
  }

  /** Keeps a record that is complete, with the session it names, and counts it in no running session. Never rejects. */
  async persistEvent(record: InvocationInput): Promise<void> {
    try {
      await this.#log.append(this.#read(record))
    } catch (error) {
      this.#settings.onError(error)
    }
  }

  /** Waits until everything recorded is on disk, or has failed to be. */
  async persistCurrentSession(): Promise<void> {
    await this.#log.flush()
  }

  /** How recording is doing: what is on disk, waits, was dropped, repaired or refused. */
  getRecordingStatus(): RecordingStatus {
    return this.#counts.status(this.#log)
  }

  /**
   * Imports the files of the old class from another directory, or again from this one. What was imported before is known.
   *
   * @throws TallystickError `journal_locked` while another process records into this instance's directory
   */
  async importFrom(dir: string): Promise<ImportResult> {
    await this.#start()
    const { clock, retentionMs } = this.#settings
    return importDirectory(dir, this.#log, { clock, retentionMs, own: dir === this.dataDir })
  }

  /**
   * Ends the session, waits until everything recorded is on disk, and gives the directory back. What could not be written is
   * `pending` in the status it resolves with. Recording afterwards opens the directory again.
   */
  async cleanup(): Promise<RecordingStatus> {
    clearInterval(this.#upkeep)
    this.#upkeep = undefined
    await this.#starting?.catch(() => {})
    if (this.#announced) {
      this.#announced = false
      await this.#log.note(sessionEntry({ id: this.#session.id, endedMs: this.#settings.clock.now() }))
    }
    await this.#log.close()
    this.#starting = undefined
    return this.getRecordingStatus()
  }

  #start(): Promise<void> {
    this.#starting ??= this.#begin().catch((error) => {
      this.#starting = undefined
      throw error
    })
    return this.#starting
  }

  async #begin(): Promise<void> {
    await this.#log.open()
    if (this.#upkeep === undefined) {
      this.#upkeep = setInterval(() => void this.#doUpkeep(), UPKEEP_MS)
      this.#upkeep.unref()
    }
    if (!this.#restored) {
      await fillSession(this.#session, this.#log.readEarlier())
      this.#restored = true
    }
    await importOwnFiles(this.dataDir, this.#log, this.#settings)
    await this.#log.prune()
  }

  /** Started, or known not to start: what can be read is read all the same. */
  async #settled(): Promise<void> {
    await this.#start().catch(this.#settings.onError)
  }

  async #doUpkeep(): Promise<void> {
    try {
      await this.#log.flush()
      await this.#log.prune()
    } catch (error) {
      this.#settings.onError(error)
    }
  }

  #read(input: unknown, sessionId?: string): UsageEvent {
    const context = { nowMs: this.#settings.clock.now(), mintId: this.#mintId }
    try {
      const { event, repaired } = readInvocation(input, context)
      this.#counts.noteRepaired(repaired)
      return sessionId === undefined ? event : { ...event, sessionId }
    } catch (error) {
      this.#counts.refused++
      throw error as TallystickError
    }
  }

  /** What tells the journal, once, that the session has begun; a session that records nothing leaves no trace. */
  #announcement(): JournalEntry | undefined {
    if (this.#announced) return undefined
    this.#announced = true
    // Opens in the background, and brings what an opening brings.
    void this.#settled()
    const { id, startedMs } = this.#session
    return sessionEntry({ id, startedMs })
  }

  #tell(record: InvocationRecord): void {
    tellListeners(this, 'invocation', record, (error) => {
      this.#counts.listenerErrors++
      this.#settings.onError(error)
    })
  }

  #forward(event: UsageEvent): void {
    try {
      this.#settings.recorder?.record(event)
    } catch (error) {
      this.#settings.onError(error)
    }
  }

  #rangeOf(timeRange: TimeRange): InstantRange {
    return instantRange(timeRange, this.#settings.clock.now())
  }

  async #history({ fromMs, toMs }: InstantRange): Promise<History> {
    await this.#settled()
    const history = new History(this.#settings)
    for await (const records of this.#log.read()) {
      for (const record of records) {
        if (!('event' in record)) continue
        const { timestampMs } = record.event
        if (timestampMs >= fromMs && timestampMs < toMs) history.add(record.event)
      }
    }
    return history
  }

  /** The current session, or a range. */
  async #scope(timeRange: TimeRange | undefined): Promise<Scope> {
    if (timeRange === undefined) return this.#sessionScope()
    const range = this.#rangeOf(timeRange)
    return scopeOf(await this.#history(range), range)
  }

  #sessionScope(): Scope {
    const { fold, startedMs } = this.#session
    return { fold, elapsedMs: this.#settings.clock.now() - startedMs }
  }

  #cost({ fold, elapsedMs }: Scope, prices: PriceTable, legacy: boolean): CostAnalysis {
    return costAnalysis(fold, this.#costOptions(elapsedMs, prices, legacy))
  }

  #advice({ fold }: Scope, cost: CostAnalysis): OptimizationRecommendations {
    return advice(fold, cost.cost_savings_vs_cloud_only.potential_savings)
  }

  #costOptions(elapsedMs: number, prices: PriceTable, legacy: boolean): CostOptions {
    const { localBackend, referenceBackend } = this.#settings
    return { prices, legacy, localBackend, referenceBackend, elapsedMs }
  }
}

/** What figures are computed of, and in how many ms it came together. */
interface Scope {
  readonly fold: InvocationFold
  readonly elapsedMs: number
}

/** A range counts from its first event. */
function scopeOf({ fold }: History, { toMs }: InstantRange): Scope {
  return { fold, elapsedMs: toMs - (fold.firstMs ?? toMs) }
}
