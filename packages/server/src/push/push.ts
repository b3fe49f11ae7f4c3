import type { Timers } from '@tallystick/core'
import type { Clock, Random, UsageEvent } from '@tallystick/core/event'
import { generationOf } from '@tallystick/core/otel'
import type { Ingest } from '../ingest/ingest.ts'
import type { Logger } from '../logger.ts'
import { exportRequest, SERVICE_NAME } from './encode.ts'
import { Figures, type TakenPoint } from './figures.ts'
import { type Outcome, type PostOptions, post } from './post.ts'
import { assertSettings, type PushSettings, pushUrl, readHeaders } from './settings.ts'

export interface PushOptions extends PushSettings {
  readonly ingest: Pick<Ingest, 'onAccepted'>
  readonly clock: Clock
  readonly random: Random
  readonly timers: Timers
  readonly logger: Logger
  readonly version: string
  readonly instanceId: string
}

/** What has become of pushes since the process started. */
export interface PushStats {
  readonly pushed: number
  readonly failed: number
  /** Of the last one, where it failed. */
  readonly problem?: string
}

export interface Push {
  /** Pushes now, or joins the push that is under way. */
  flush(): Promise<void>
  stats(): PushStats
  /** One last push, which may take a few seconds; takes in nothing any more. */
  close(): Promise<void>
}

const INTERVAL_MS = 60_000
const TIMEOUT_MS = 10_000
const FIRST_RETRY_MS = 1_000
const LAST_PUSH_MS = 3_000

/**
 * Pushes figures of accepted events to a collector of OpenTelemetry, each interval: tokens, durations, times to the first
 * chunk, cost. They live in the process and begin at 0 with it, so nothing that is done to the store makes them fall.
 *
 * A collector that is away costs nothing but what was to be told, which stands in a bounded number of series: what was not
 * taken is part of the next push. One that took a push and did not say so in time is told again, with delta temporality twice.
 *
 * @throws TallystickError `invalid_config`
 */
export function startPush(options: PushOptions): Push {
  assertSettings(options)
  return new Pusher(options)
}

class Pusher implements Push {
  readonly #options: PushOptions
  readonly #post: PostOptions
  readonly #figures: Figures
  readonly #intervalMs: number
  readonly #delta: boolean
  readonly #stop = new AbortController()
  readonly #unsubscribe: () => void
  #startMs: number
  #underWay: Promise<void> | undefined
  #cancel: (() => void) | undefined
  #failures = 0
  #pushed = 0
  #failed = 0
  #problem: string | undefined
  #closed = false

  constructor(options: PushOptions) {
    const { ingest, clock, endpoint, headers = '', timeoutMs = TIMEOUT_MS, compression = 'gzip', optIn } = options
    this.#options = options
    this.#post = { url: pushUrl(endpoint), headers: readHeaders(headers), timeoutMs, compression, clock }
    this.#figures = new Figures(generationOf(optIn))
    this.#intervalMs = options.intervalMs ?? INTERVAL_MS
    this.#delta = options.temporality === 'delta'
    this.#startMs = clock.now()
    this.#unsubscribe = ingest.onAccepted((events) => {
      for (const { event } of events) if (isTold(event)) this.#figures.record(event)
    })
    this.#wait(this.#intervalMs)
  }

  flush(): Promise<void> {
    this.#underWay ??= this.#push().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  stats(): PushStats {
    const problem = this.#problem
    return { pushed: this.#pushed, failed: this.#failed, ...(problem === undefined ? {} : { problem }) }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancel?.()
    this.#unsubscribe()
    const giveUp = this.#options.timers.after(LAST_PUSH_MS, () => this.#stop.abort(), true)
    // One under way was asked before the last events came.
    await this.#underWay
    await this.flush()
    giveUp()
  }

  async #push(): Promise<void> {
    const { clock, temporality = 'cumulative', version, instanceId } = this.#options
    const nowMs = clock.now()
    const points = this.#delta ? this.#figures.take() : this.#figures.read()
    if (points.length === 0) {
      this.#startMs = this.#delta ? nowMs : this.#startMs
      this.#wait(this.#intervalMs)
      return
    }
    const body = exportRequest({ points, temporality, startMs: this.#startMs, nowMs, version, instanceId })
    this.#settle(await post(body, this.#post, this.#stop.signal), points, nowMs)
  }

  #settle(outcome: Outcome, points: readonly TakenPoint[], nowMs: number): void {
    const { logger } = this.#options
    const { url } = this.#post
    if (outcome.ok) {
      if (this.#failures > 0) logger.info({ collector: url }, 'the collector takes figures again')
      if (outcome.note !== undefined)
        logger.warn({ collector: url, note: outcome.note }, 'the collector refused a part')
      this.#failures = 0
      this.#pushed++
      this.#problem = undefined
      if (this.#delta) this.#startMs = nowMs
      this.#wait(this.#intervalMs)
      return
    }
    if (this.#delta) for (const { point, reading } of points) point.putBack(reading)
    this.#failed++
    // Said once, not each interval of a night.
    if (this.#failures++ === 0)
      logger.warn(
        { collector: url, problem: outcome.detail },
        'figures could not be pushed; they are kept for the next push',
      )
    this.#problem = outcome.detail
    this.#wait(outcome.retry ? this.#retryMs(outcome.retryAfterMs) : this.#intervalMs)
  }

  /** Doubles up to the interval, and by chance up to half as long again. Never less than was asked for. */
  #retryMs(askedMs = 0): number {
    const wait = Math.min(this.#intervalMs, FIRST_RETRY_MS * 2 ** Math.min(20, this.#failures - 1))
    const [chance = 0] = this.#options.random.fill(new Uint8Array(1))
    return Math.max(askedMs, wait + Math.floor((wait / 2) * (chance / 255)))
  }

  #wait(ms: number): void {
    this.#cancel?.()
    if (!this.#closed) this.#cancel = this.#options.timers.after(ms, () => void this.flush())
  }
}

/**
 * Requests to models. Figures that another Tallystick pushed here are its own to tell, or a collector would count them twice;
 * and one that pushes to itself would never end.
 */
function isTold({ kind, usageConvention, tags }: UsageEvent): boolean {
  if (kind !== 'llm_request_completed' && kind !== 'llm_request_failed') return false
  return usageConvention !== 'otel.genai.metrics' || tags?.['service'] !== SERVICE_NAME
}
