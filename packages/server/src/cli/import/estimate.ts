import { decodeWireEvent } from '@tallystick/core/event'
import { createPriceBook, type OverrideSource, type PriceBook } from '@tallystick/core/pricing'
import type { WireEvent } from '../../import/record.ts'
import { dollars, grouped, plainTable, type Terminal } from '../terminal.ts'
import type { ImportTally } from './tally.ts'

interface ModelEstimate {
  events: number
  inputTokens: number
  outputTokens: number
  costNanoUsd: bigint
  unpriced: number
}

const nothing = (): ModelEstimate => ({ events: 0, inputTokens: 0, outputTokens: 0, costNanoUsd: 0n, unpriced: 0 })

/** What an import would send and what the server would make of it, by model; nothing is sent. */
export class Estimate {
  readonly #prices: PriceBook
  readonly #nowMs: number
  readonly #tally: ImportTally
  readonly #models = new Map<string, ModelEstimate>()

  constructor(overrides: readonly OverrideSource[], nowMs: number, tally: ImportTally) {
    this.#prices = createPriceBook({ overrides })
    this.#nowMs = nowMs
    this.#tally = tally
  }

  /** By the same decoder and prices as the server's, so that what it would refuse is refused here. */
  add(item: WireEvent, where: string): void {
    const decoded = decodeWireEvent(item, { nowMs: this.#nowMs, mintId: () => where })
    if (!decoded.ok) {
      const { code, message, field } = decoded
      this.#tally.reject({ where, code, message, ...(field === undefined ? {} : { field }) })
      return
    }
    const { event } = decoded
    this.#tally.sent(event.timestampMs)
    const model = event.responseModel ?? event.requestModel ?? ''
    const sums = this.#models.get(model) ?? nothing()
    if (sums.events === 0) this.#models.set(model, sums)
    const { costNanoUsd } = this.#prices.price(event)
    sums.events++
    sums.inputTokens += event.inputTokens ?? 0
    sums.outputTokens += event.outputTokens ?? 0
    if (costNanoUsd === undefined) sums.unpriced++
    else sums.costNanoUsd += BigInt(costNanoUsd)
  }

  get total(): ModelEstimate {
    const total = nothing()
    for (const sums of this.#models.values()) {
      total.events += sums.events
      total.inputTokens += sums.inputTokens
      total.outputTokens += sums.outputTokens
      total.costNanoUsd += sums.costNanoUsd
      total.unpriced += sums.unpriced
    }
    return total
  }

  /** As the JSON output has it. */
  toJSON(): object {
    return {
      ...wire(this.total),
      by_model: Object.fromEntries([...this.#models].map(([model, sums]) => [model, wire(sums)])),
    }
  }

  print(terminal: Terminal): void {
    const table = plainTable(
      ['model', 'events', 'input', 'output', 'cost'],
      ['left', 'right', 'right', 'right', 'right'],
    )
    const row = (name: string, { events, inputTokens, outputTokens, costNanoUsd, unpriced }: ModelEstimate): void => {
      const cost = unpriced === events ? 'unpriced' : dollars(costNanoUsd)
      table.push([name, grouped(events), grouped(inputTokens), grouped(outputTokens), cost])
    }
    const byCost = [...this.#models].sort(([, a], [, b]) => (a.costNanoUsd < b.costNanoUsd ? 1 : -1))
    for (const [model, sums] of byCost) row(model, sums)
    if (byCost.length !== 1) row('all', this.total)
    terminal.out(`${table.toString()}\n`)
  }
}

const wire = ({ events, inputTokens, outputTokens, costNanoUsd, unpriced }: ModelEstimate): object => ({
  events,
  input_tokens: inputTokens,
  output_tokens: outputTokens,
  cost_nano_usd:
    events > 0 && unpriced === events
      ? null
      : costNanoUsd <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(costNanoUsd)
        : costNanoUsd.toString(),
  unpriced,
})
