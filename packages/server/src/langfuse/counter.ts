import type { Ingest, IngestAnswer } from '../ingest/ingest.ts'
import { generationItem } from './event.ts'
import type { GenerationFacts, TraceFacts } from './facts.ts'
import type { Sender } from './rows.ts'

/** A generation to count, under its key. */
export interface Countable {
  readonly key: string
  readonly facts: GenerationFacts
}

/** Makes events of generations, and remembers for a while of which, so that a late part is told from a new generation. */
export class Counter {
  readonly #ingest: Pick<Ingest, 'submit'>
  readonly #max: number
  /** The oldest go first. */
  readonly #counted = new Map<string, GenerationFacts>()
  /** Those of them that are not durable yet. */
  readonly #underWay = new Map<string, Promise<unknown>>()

  /** @param max how many are remembered */
  constructor(ingest: Pick<Ingest, 'submit'>, max: number) {
    this.#ingest = ingest
    this.#max = max
  }

  /** What was counted of a generation; undefined if it was not, or is forgotten. */
  counted(key: string): GenerationFacts | undefined {
    return this.#counted.get(key)
  }

  /** Settles as its counting does. Whoever tells of it again must not be answered before. */
  settled(key: string): Promise<unknown> | undefined {
    return this.#underWay.get(key)
  }

  /** It has turned out to be no event. */
  forget(key: string): void {
    this.#counted.delete(key)
  }

  /** @throws as `Ingest.submit`; none of them is counted then */
  async count(
    generations: readonly Countable[],
    traceOf: (facts: GenerationFacts) => TraceFacts | undefined,
    sender: Sender,
  ): Promise<IngestAnswer> {
    const submitted = this.#ingest.submit({
      items: generations.map(({ facts }) => generationItem(facts, traceOf(facts))),
      door: 'langfuse',
      wantResults: true,
      ...sender,
    })
    for (const { key, facts } of generations) {
      this.#counted.set(key, facts)
      this.#underWay.set(key, submitted)
    }
    try {
      return await submitted
    } catch (error) {
      for (const { key } of generations) this.#counted.delete(key)
      throw error
    } finally {
      for (const { key } of generations) this.#underWay.delete(key)
      for (const key of this.#counted.keys()) {
        if (this.#counted.size <= this.#max) break
        this.#counted.delete(key)
      }
    }
  }
}
