import { HELICONE } from './exports/source-helicone.ts'
import { LANGFUSE } from './exports/source-langfuse.ts'
import { LITELLM } from './exports/source-litellm.ts'
import type { ImportSource } from './record.ts'

/** THE table of sources of `tallystick import`, in the order of its help. */
export const SOURCES: readonly ImportSource[] = [LITELLM, LANGFUSE, HELICONE]
