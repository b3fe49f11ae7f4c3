import { TallystickError } from '@tallystick/core'
import { LiveTables } from './live-tables.ts'
import type { ControlState } from './state.ts'

/** A control state that is gone with the process: for a server with a memory store, and for tests. */
export function openMemoryState(): ControlState {
  const tables = new LiveTables((error) => queueMicrotask(() => rethrow(error)))
  let closed = false
  return {
    rows: (table) => tables.rows(table),
    async write(changes) {
      if (closed) throw new TallystickError('shutting_down')
      tables.apply(changes)
    },
    onChange: (listener) => tables.onChange(listener),
    async close() {
      closed = true
    },
  }
}

/** There is no log to tell it to. */
function rethrow(error: unknown): never {
  throw error
}
