import type { ImportSource } from './record.ts'

/** THE table of sources of `tallystick import`, in the order of its help. */
export const SOURCES: readonly ImportSource[] = []
