import type { JsonValue } from '@tallystick/core/event'

/** A generation that a client of Langfuse has told of in part, until it is whole or long enough has passed. */
export interface HeldGeneration {
  /** Whose it is whatever it says; `null`: nobody's. */
  readonly owner?: { readonly tenantId?: string | null; readonly agentId?: string }
  /** What the door saw of who sent it. */
  readonly observed?: Readonly<Record<string, string | boolean>>
  /** What is known of it: names and figures, no text. */
  readonly facts: { readonly [name: string]: JsonValue }
  /** When its last part came, ms since 1970 UTC. */
  readonly touchedMs: number
}

/** What a trace of Langfuse says of the generations in it. */
export interface HeldTrace {
  readonly tenantId?: string
  readonly facts: { readonly [name: string]: JsonValue }
  readonly touchedMs: number
}
