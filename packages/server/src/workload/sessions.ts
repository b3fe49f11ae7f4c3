import { type Clock, uuidv7Generator } from '@tallystick/core/event'
import type { Agent, Population } from './population.ts'
import type { SeededRandom } from './seeded-random.ts'

/** One conversation of a user with an agent. */
export interface Session {
  readonly id: string
  readonly agent: Agent
  readonly userId: string
  readonly apiKeyId: string
}

/** Events of a session, on average. */
const LENGTH = 12
const MINUTES = 10

/** Conversations under way: few at night, many by day, so that each takes about as long as people do. */
export class Sessions {
  readonly #random: SeededRandom
  readonly #population: Population
  readonly #newId: () => string
  readonly #open: Session[] = []

  constructor(random: SeededRandom, population: Population, clock: Clock) {
    this.#random = random
    this.#population = population
    this.#newId = uuidv7Generator(clock, random)
  }

  /** The session of the next event, at so many events a minute. */
  next(perMinute: number): Session {
    const slots = Math.max(4, Math.ceil((perMinute * MINUTES) / LENGTH))
    if (this.#open.length > slots) this.#open.length = slots
    const slot = this.#random.below(slots)
    const open = this.#open[slot]
    if (open !== undefined && !this.#random.chance(1 / LENGTH)) return open
    const begun = this.#begin()
    if (slot < this.#open.length) this.#open[slot] = begun
    else this.#open.push(begun)
    return begun
  }

  #begin(): Session {
    const agent = this.#population.agent()
    return {
      id: this.#newId(),
      agent,
      userId: this.#population.user(),
      apiKeyId: agent.keys[this.#random.below(agent.keys.length)] as string,
    }
  }
}
