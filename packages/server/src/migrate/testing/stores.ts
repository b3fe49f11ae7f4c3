import { join } from 'node:path'

/** A store that events are moved out of and into in tests. */
export interface MovableStore {
  readonly name: string
  /** Its URL; a fresh one for each folder. */
  readonly url: (dir: string) => string | Promise<string>
}

/** Every store that outlives a process. */
export const MOVABLE: readonly MovableStore[] = [
  { name: 'jsonl', url: (dir) => `jsonl:${join(dir, 'analytics.jsonl')}` },
  { name: 'duckdb', url: (dir) => `duckdb:${join(dir, 'tallystick.duckdb')}` },
]

/** Each into each other. */
export const PAIRS: readonly (readonly [MovableStore, MovableStore])[] = MOVABLE.flatMap((from) =>
  MOVABLE.filter((to) => to !== from).map((to) => [from, to] as const),
)
