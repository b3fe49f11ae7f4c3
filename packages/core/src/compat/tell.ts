import type { EventEmitter } from 'node:events'

/**
 * Gives a value to the listeners of an event, one by one: `emit` would let a listener that throws keep it from those after
 * it, and fail the caller. A listener that returns a promise is not waited for; what it rejects with is told like a throw.
 */
export function tellListeners(
  emitter: EventEmitter<Record<string, unknown[]>>,
  event: string,
  value: unknown,
  onError: (error: unknown) => void,
): void {
  // Raw: those of `once` remove themselves when they are called.
  for (const listener of emitter.rawListeners(event)) {
    try {
      const told: unknown = listener.call(emitter, value)
      if (told instanceof Promise) told.catch(onError)
    } catch (error) {
      onError(error)
    }
  }
}
