import { type WorkloadModel, workloadModels } from './models.ts'
import type { SeededRandom } from './seeded-random.ts'
import { Zipf } from './zipf.ts'

/** Who there is to send events. */
export interface PopulationSize {
  readonly models: number
  readonly agents: number
  readonly users: number
}

/** One program that asks models; what it is like stays the same all the time. */
export interface Agent {
  readonly id: string
  readonly keys: readonly string[]
  readonly team: string
  /** Models it uses, the favourite first. */
  readonly models: readonly WorkloadModel[]
  readonly streams: boolean
  /** Share of its input that providers have cached, when they have any. */
  readonly cached: number
  readonly tools: readonly string[]
  /** Messages in a typical conversation with it. */
  readonly messages: number
}

const TOOLS = ['search', 'read_file', 'write_file', 'run_tests', 'browse', 'sql', 'calendar', 'calculator', 'mail']
const TEAMS = ['search', 'support', 'growth', 'platform', 'research', 'finance', 'mobile', 'data']
/** Requests that go to a model the agent has no liking for. */
const ASTRAY = 0.1
/** How heavy the tails are. */
const MODEL_EXPONENT = 1.1
const AGENT_EXPONENT = 1
const USER_EXPONENT = 0.8

/** Agents, models and users, some of them in much heavier use than others. */
export class Population {
  readonly #random: SeededRandom
  readonly #models: readonly WorkloadModel[]
  readonly #agents: readonly Agent[]
  readonly #byModel: Zipf
  readonly #byAgent: Zipf
  readonly #byUser: Zipf

  constructor(random: SeededRandom, { models, agents, users }: PopulationSize) {
    this.#random = random
    this.#models = workloadModels(models)
    this.#byModel = new Zipf(models, MODEL_EXPONENT)
    this.#byAgent = new Zipf(agents, AGENT_EXPONENT)
    this.#byUser = new Zipf(users, USER_EXPONENT)
    this.#agents = Array.from({ length: agents }, (_, index) => this.#newAgent(index))
  }

  agent(): Agent {
    return this.#agents[this.#byAgent.rank(this.#random.next())] as Agent
  }

  user(): string {
    return `user-${this.#byUser.rank(this.#random.next()) + 1}`
  }

  model(agent: Agent): WorkloadModel {
    if (this.#random.chance(ASTRAY)) return this.#anyModel()
    const skewed = Math.floor(this.#random.next() ** 2 * agent.models.length)
    return agent.models[skewed] as WorkloadModel
  }

  #anyModel(): WorkloadModel {
    return this.#models[this.#byModel.rank(this.#random.next())] as WorkloadModel
  }

  #newAgent(index: number): Agent {
    const random = this.#random
    const favourites = new Set(Array.from({ length: 1 + random.below(4) }, () => this.#anyModel()))
    return {
      id: `agent_${index + 1}`,
      keys: Array.from(
        { length: random.chance(0.2) ? 2 : 1 },
        (_, key) => `key-${Math.floor(index / 2) + 1}-${key + 1}`,
      ),
      team: TEAMS[random.below(TEAMS.length)] as string,
      models: [...favourites],
      streams: random.chance(0.6),
      cached: random.chance(0.5) ? 0.3 + 0.6 * random.next() : 0,
      tools: random.chance(0.5) ? TOOLS.slice(random.below(5)).slice(0, 4) : [],
      messages: 2 + random.below(20),
    }
  }
}
