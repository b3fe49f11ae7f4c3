import type { JsonValue } from '../event/index.ts'
import type { Ledger } from '../recorder/index.ts'

/** A spool may tell of thousands of lives at once; what does not go with one request goes with the next. */
const MAX_LEDGERS = 100

/** Ledgers as the wire has them, and what to call once the server has them. */
export interface LedgerNews {
  readonly items: readonly JsonValue[]
  readonly told: () => void
}

/** Tells a server what it will never see: each ledger when it differs from what the server was last told. */
export class LedgerReport {
  readonly #ledgers: () => readonly Ledger[]
  #told: ReadonlyMap<string, ToldLedger> = new Map()

  constructor(ledgers: () => readonly Ledger[]) {
    this.#ledgers = ledgers
  }

  news(): LedgerNews {
    const current = this.#current()
    const sent = new Map(
      [...current].filter(([key, { text }]) => this.#told.get(key)?.text !== text).slice(0, MAX_LEDGERS),
    )
    return {
      items: [...sent.values()].map(({ item }) => item),
      told: () => {
        // Ledgers of lives that are over and told fall out with their events.
        this.#told = new Map([...this.#told, ...sent].filter(([key]) => current.has(key)))
      },
    }
  }

  /** So many requests tell all that is to be told now; 0 while nothing was dropped that the server does not know of. */
  get requestsToTell(): number {
    const news = [...this.#current()].filter(([key, { text }]) => this.#told.get(key)?.text !== text)
    const untold = news.some(([key, { losses }]) => losses !== '{}' && this.#told.get(key)?.losses !== losses)
    return untold ? Math.ceil(news.length / MAX_LEDGERS) : 0
  }

  #current(): ReadonlyMap<string, ToldLedger> {
    return new Map(
      this.#ledgers().map(({ sourceId, epoch, recorded, dropped }) => {
        const losses = Object.fromEntries([...dropped].filter(([, count]) => count > 0))
        const item = { source_id: sourceId, epoch, recorded, dropped: losses }
        return [JSON.stringify([sourceId, epoch]), { item, text: JSON.stringify(item), losses: JSON.stringify(losses) }]
      }),
    )
  }
}

interface ToldLedger {
  readonly item: JsonValue
  readonly text: string
  readonly losses: string
}
