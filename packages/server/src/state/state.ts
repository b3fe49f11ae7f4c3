import type { Tables } from './tables.ts'

export type TableName = keyof Tables

/** One row written or, with `undefined`, removed. */
export type Change = {
  readonly [T in TableName]: { readonly table: T; readonly id: string; readonly row: Tables[T] | undefined }
}[TableName]

/**
 * What the server was told by people rather than measured: who may do what, budgets and their leases, alerts and what became
 * of them; and what was told of generations that are not whole yet. Small, all of it in memory, every change durable before whoever made it is answered.
 */
export interface ControlState {
  /**
   * The rows of a table as they are now, by id, in the order in which they were first written; one whose removal was taken
   * back comes last. The same map at each call.
   */
  rows<T extends TableName>(table: T): ReadonlyMap<string, Tables[T]>
  /**
   * Makes changes, all or none. They show in `rows` at once, so that whoever decides next decides on them; the promise
   * resolves when they are durable. If they cannot be made so, they and all that came after them are taken back in turn.
   *
   * @returns rejects with TallystickError `disk_full`, `journal_unavailable`, or `shutting_down` after `close`
   */
  write(changes: readonly Change[]): Promise<void>
  /** Called after each write that shows, and after each that was taken back. Must not throw; returns how to stop. */
  onChange(listener: (changes: readonly Change[]) => void): () => void
  /** Waits for what is under way. May be called twice. */
  close(): Promise<void>
}
