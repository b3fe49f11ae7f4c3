import { Fields, RowProblem } from './fields.ts'
import { isRequest } from './langfuse.ts'
import { usageOf } from './langfuse-usage.ts'
import type { ExportRow } from './rows.ts'

interface Node {
  readonly parent: string | undefined
  readonly request: boolean
  readonly input: number
  readonly output: number
}

/**
 * Which observations say again what those inside them say. Frameworks that are instrumented at two levels (an SDK's
 * `generateText` around its requests, a gateway around a provider) have a generation within a generation, whose usage is
 * the sum of the inner ones; counted as well it would double.
 *
 * Only an exact repetition is one: a generation with usage of its own and others inside it counts beside them.
 *
 * @example
 * const nesting = new Nesting()
 * nesting.add({ id: 'a', type: 'GENERATION', usageDetails: { input: 3, output: 1 } })
 * nesting.add({ id: 'b', type: 'GENERATION', parentObservationId: 'a', usageDetails: { input: 3, output: 1 } })
 * nesting.repetitions().has('a') // true
 */
export class Nesting {
  readonly #nodes = new Map<string, Node>()

  /** Rows that cannot be read are passed over: whoever makes events of them tells of it. */
  add(row: ExportRow): void {
    const observation = new Fields(row)
    const id = observation.text('id')
    if (id === undefined) return
    const request = isRequest(row)
    const { input, output } = request ? tokensOf(observation) : NOTHING
    const parent = observation.text('parentObservationId', 'parent_observation_id')
    this.#nodes.set(id, { parent, request, input, output })
  }

  repetitions(): ReadonlySet<string> {
    const repeated = new Set<string>()
    const inside = new Map<string, { input: number; output: number }>()
    for (const id of this.#innermostFirst()) {
      const node = this.#nodes.get(id) as Node
      const within = inside.get(id) ?? NOTHING
      const repeats =
        node.request && within.input + within.output > 0 && node.input === within.input && node.output === within.output
      if (repeats) repeated.add(id)
      if (node.parent === undefined) continue
      const above = inside.get(node.parent) ?? { input: 0, output: 0 }
      above.input += within.input + (repeats ? 0 : node.input)
      above.output += within.output + (repeats ? 0 : node.output)
      inside.set(node.parent, above)
    }
    return repeated
  }

  /** By depth, the deepest first. A parent that is not in the export ends a chain; so does one met twice. */
  #innermostFirst(): readonly string[] {
    const depths = new Map<string, number>()
    const depthOf = (start: string): number => {
      const chain: string[] = []
      const seen = new Set<string>()
      let id: string | undefined = start
      while (id !== undefined && this.#nodes.has(id) && !depths.has(id) && !seen.has(id)) {
        chain.push(id)
        seen.add(id)
        id = this.#nodes.get(id)?.parent
      }
      let depth = id === undefined ? 0 : (depths.get(id) ?? 0)
      for (const one of chain.reverse()) depths.set(one, ++depth)
      return depth
    }
    for (const id of this.#nodes.keys()) depthOf(id)
    return [...this.#nodes.keys()].sort((a, b) => (depths.get(b) ?? 0) - (depths.get(a) ?? 0))
  }
}

const NOTHING = { input: 0, output: 0 }

function tokensOf(observation: Fields): { readonly input: number; readonly output: number } {
  try {
    const { tokens } = usageOf(observation)
    return { input: tokens?.input ?? 0, output: tokens?.output ?? 0 }
  } catch (error) {
    if (error instanceof RowProblem) return NOTHING
    throw error
  }
}
