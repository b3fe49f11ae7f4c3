import { type Clock, uuidv7Generator } from '@tallystick/core/event'
import { Population } from './population.ts'
import { type Attempt, requestEvent, type WorkloadEvent } from './request.ts'
import { type Slice, slices } from './rhythm.ts'
import { SeededRandom } from './seeded-random.ts'
import { type Session, Sessions } from './sessions.ts'

export type { WorkloadEvent } from './request.ts'

/** How much load, of whom, and when. */
export interface WorkloadOptions {
  readonly events: number
  /** ms since 1970 UTC; the events fill `[fromMs, toMs)`. */
  readonly fromMs: number
  readonly toMs: number
  /** 1 when absent; another seed is other load of the same shape. */
  readonly seed?: number
  /** 40 when absent. */
  readonly models?: number
  /** 200 when absent. */
  readonly agents?: number
  /** 20,000 when absent. */
  readonly users?: number
}

/** Events that are calls of tools. */
const TOOL_SHARE = 0.2
/** A failed request is tried so many times. */
const ATTEMPTS = 3
/** Attempts that wait for their turn; an outage does not pile up more. */
const WAITING = 64

/**
 * Made-up load of a service: busy by day and on weekdays; few models, agents and users that make most of it and many that make
 * the rest; conversations with calls of tools, streams, cached input, failures and attempts to repeat them. Events of the native
 * wire, in the order of their instants. The same options give the same events in every run, and memory does not grow with them.
 *
 * @example [...workload({ events: 2, fromMs: 0, toMs: 900_000 })].length // 2
 */
export function* workload(options: WorkloadOptions): Generator<WorkloadEvent> {
  const load = new Workload(options)
  for (const slice of slices(options.fromMs, options.toMs, options.events)) yield* load.slice(slice)
}

class Workload {
  readonly #random: SeededRandom
  readonly #population: Population
  readonly #sessions: Sessions
  readonly #newId: () => string
  readonly #source: string
  #nowMs: number
  #number = 0
  #again: { readonly dueMs: number; readonly attempt: Attempt }[] = []

  constructor({ seed = 1, models = 40, agents = 200, users = 20_000, fromMs }: WorkloadOptions) {
    this.#nowMs = fromMs
    this.#random = new SeededRandom(seed)
    this.#population = new Population(this.#random, { models, agents, users })
    const clock: Clock = { now: () => this.#nowMs, monotonic: () => this.#nowMs }
    this.#sessions = new Sessions(this.#random, this.#population, clock)
    this.#newId = uuidv7Generator(clock, this.#random)
    this.#source = `workload-${seed}`
  }

  *slice({ fromMs, toMs, events }: Slice): Generator<WorkloadEvent> {
    const lengthMs = toMs - fromMs
    const perMinute = (events * 60_000) / lengthMs
    for (let index = 0; index < events; index++) {
      this.#nowMs = fromMs + Math.floor(((index + this.#random.next()) * lengthMs) / events)
      yield this.#stamped(this.#next(perMinute))
    }
  }

  #next(perMinute: number): WorkloadEvent {
    const [waiting] = this.#again
    if (waiting !== undefined && waiting.dueMs <= this.#nowMs) {
      this.#again.shift()
      return this.#request(waiting.attempt)
    }
    const session = this.#sessions.next(perMinute)
    const { tools } = session.agent
    if (tools.length > 0 && this.#random.chance(2 * TOOL_SHARE)) return this.#toolCall(session)
    const model = this.#population.model(session.agent)
    return this.#request({ session, model, operationId: this.#newId(), number: 1 })
  }

  #request(attempt: Attempt): WorkloadEvent {
    const { again, event } = requestEvent(this.#random, attempt)
    if (again && attempt.number < ATTEMPTS && this.#again.length < WAITING) {
      const dueMs = this.#nowMs + this.#random.logNormal(1_500 * attempt.number, 0.5)
      this.#again.push({ dueMs, attempt: { ...attempt, number: attempt.number + 1 } })
      this.#again.sort((a, b) => a.dueMs - b.dueMs)
    }
    return event
  }

  #toolCall({ agent, apiKeyId, id, userId }: Session): WorkloadEvent {
    const random = this.#random
    return {
      kind: 'tool_invocation',
      agent_id: agent.id,
      user_id: userId,
      session_id: id,
      api_key_id: apiKeyId,
      tool_name: agent.tools[random.below(agent.tools.length)],
      duration_ms: random.logNormal(90, 1),
      success: !random.chance(0.04),
      tags: { team: agent.team },
    }
  }

  #stamped(event: WorkloadEvent): WorkloadEvent {
    event['event_id'] = this.#newId()
    event['timestamp_ms'] = this.#nowMs
    event['source_id'] = this.#source
    event['epoch'] = 1
    event['seq'] = this.#number++
    return event
  }
}
