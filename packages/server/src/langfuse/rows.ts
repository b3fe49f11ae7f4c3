import { identityText } from '../ingest/dedup/identity.ts'
import type { IngestRequest, Observed } from '../ingest/ingest.ts'
import type { HeldGeneration, HeldTrace } from '../state/generation.ts'
import type { Change } from '../state/state.ts'
import type { GenerationFacts, TraceFacts } from './facts.ts'

/** Who delivers, as for the pipeline. */
export interface Sender {
  readonly principal?: NonNullable<IngestRequest['principal']>
  readonly observed?: Observed
}

/** Under which ids of rows a sender's generations and traces stand: of two that may not know of each other none is the other's. */
export function keysOf({ principal }: Sender): (id: string) => string {
  const { tenantId, agentId } = principal ?? {}
  return (eventId) =>
    identityText({
      eventId,
      ...(typeof tenantId === 'string' ? { tenantId } : {}),
      ...(agentId === undefined ? {} : { agentId }),
    })
}

export function generationRow(
  facts: GenerationFacts,
  { principal, observed }: Sender,
  touchedMs: number,
): HeldGeneration {
  return {
    ...(principal === undefined ? {} : { owner: principal }),
    ...(observed === undefined ? {} : { observed: { ...observed } }),
    facts: facts as HeldGeneration['facts'],
    touchedMs,
  }
}

/** Who sent what a row holds. */
export function senderOfRow({ owner, observed }: HeldGeneration): Sender {
  return {
    ...(owner === undefined ? {} : { principal: owner }),
    ...(observed === undefined ? {} : { observed }),
  }
}

export function traceRow(facts: TraceFacts, { principal }: Sender, touchedMs: number): HeldTrace {
  const tenantId = principal?.tenantId
  return { ...(typeof tenantId === 'string' ? { tenantId } : {}), facts, touchedMs }
}

export const factsOf = (row: HeldGeneration | undefined): GenerationFacts => row?.facts ?? {}

export const traceFactsOf = (row: HeldTrace | undefined): TraceFacts | undefined => row?.facts

export const removalOf = (table: 'generations' | 'traces', id: string): Change => ({ table, id, row: undefined })
