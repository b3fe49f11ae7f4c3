import type { Span } from '../model.ts'

/** Ids that are remembered between bodies; the oldest make room. */
const REMEMBERED = 65_536
/** Levels that are gone up from a request: more than any honest nesting, and an end to rings. */
const MAX_LEVELS = 64

type Placed = Pick<Span, 'traceId' | 'spanId' | 'parentSpanId'>

/**
 * Tells which spans have a request to a model inside. Of nested ones only the innermost is counted: an SDK's span around
 * that of the client it calls tells of the same tokens.
 *
 * A span ends after what is inside it, so what is inside comes before it or in the same body.
 */
export class Nesting {
  readonly #around = new Set<string>()

  /**
   * Looks at all the spans of a body at once.
   *
   * @param requests those of them that are requests to a model
   * @param owner whose spans they are; what others send does not count among them
   * @returns the requests that have no other inside
   */
  innermost<T extends { readonly span: Placed }>(
    spans: Iterable<Placed>,
    requests: readonly T[],
    owner = '',
  ): readonly T[] {
    if (requests.length === 0 && this.#around.size === 0) return []
    const parents = new Map<string, Placed>()
    for (const span of spans) if (span.spanId !== '') parents.set(keyOf(span.traceId, span.spanId, owner), span)
    // A span from an earlier body was inside one of these: what is around it is so too.
    for (const [key, span] of parents) if (this.#around.has(key)) this.#markAround(span, parents, owner)
    for (const { span } of requests) this.#markAround(span, parents, owner)
    const found = requests.filter(({ span }) => !this.#around.has(keyOf(span.traceId, span.spanId, owner)))
    this.#forget()
    return found
  }

  /** Marks whatever a span is in, as far up as the body goes and one level more. */
  #markAround(span: Placed, parents: ReadonlyMap<string, Placed>, owner: string): void {
    let inner: Placed | undefined = span
    for (let level = 0; inner !== undefined && inner.parentSpanId !== '' && level < MAX_LEVELS; level++) {
      // One that says it is inside itself is inside nothing.
      if (inner.parentSpanId === span.spanId) return
      const key = keyOf(inner.traceId, inner.parentSpanId, owner)
      this.#around.add(key)
      inner = parents.get(key)
    }
  }

  #forget(): void {
    let over = this.#around.size - REMEMBERED
    for (const key of this.#around) {
      if (over-- <= 0) return
      this.#around.delete(key)
    }
  }
}

/** The ids have fixed lengths and digits only, so nothing that an owner is called can be taken for a part of them. */
const keyOf = (traceId: string, spanId: string, owner: string): string => `${spanId}${traceId}/${owner}`
