import type { UsageEvent } from '../event/index.ts'

/** What is known of events, by source, epoch and number: an event that was copied on its way is still found. */
export class EventIndex<Value> {
  readonly #sources = new Map<string | undefined, Map<number | undefined, Map<number | undefined, Value>>>()
  size = 0

  set({ sourceId, epoch, seq }: UsageEvent, value: Value): void {
    const epochs = entryOf(this.#sources, sourceId, () => new Map<number | undefined, Map<number | undefined, Value>>())
    const events = entryOf(epochs, epoch, () => new Map<number | undefined, Value>())
    if (!events.has(seq)) this.size++
    events.set(seq, value)
  }

  has({ sourceId, epoch, seq }: UsageEvent): boolean {
    return this.#sources.get(sourceId)?.get(epoch)?.has(seq) ?? false
  }

  /** Gives it and forgets it. */
  take({ sourceId, epoch, seq }: UsageEvent): Value | undefined {
    const epochs = this.#sources.get(sourceId)
    const events = epochs?.get(epoch)
    const value = events?.get(seq)
    if (epochs === undefined || events === undefined || !events.delete(seq)) return undefined
    this.size--
    if (events.size === 0) epochs.delete(epoch)
    if (epochs.size === 0) this.#sources.delete(sourceId)
    return value
  }
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
