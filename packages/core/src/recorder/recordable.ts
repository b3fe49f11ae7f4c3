import type { EventKind, UsageEvent } from '../event/index.ts'

/**
 * What a recorder takes: an event, canonical ({@link UsageEvent}) or in the view of the systems replaced
 * (`AnalyticsEvent`), with or without its id and instant. Only `kind` is always needed; an LLM request needs its model, a
 * tool invocation its tool, a notice its figures.
 *
 * - null, undefined and empty text say nothing and are left out. Members that an event does not have are not kept; an object
 *   with more than 256 of them is none.
 * - `sourceId`, `epoch` and `seq` are the recorder's own; those of the event are not read.
 * - Amounts are integers: tokens, micro- and nano-USD, milliseconds.
 */
export interface RecordableEvent extends Partial<Omit<UsageEvent, 'kind' | 'sourceId' | 'epoch' | 'seq'>> {
  readonly kind: EventKind
  /** Same as `requestModel`, which wins. */
  readonly model?: string
  /** What the caller says it cost, integer micro-USD; 0 stands for an unknown price. The nano-USD members win. */
  readonly costMicros?: number
  /** Figures of the kinds that are not requests; `detail` wins. */
  readonly thresholdPercent?: number
  readonly currentSpendMicros?: number
  readonly budgetMicros?: number
  readonly port?: number
  readonly totalRequests?: number
  readonly totalCostMicros?: number
}

/** Members for events that do not say: who asks, of whom, where. What is counted must come with each event. */
export type EventDefaults = Readonly<
  Partial<
    Pick<
      UsageEvent,
      | 'tenantId'
      | 'agentId'
      | 'userId'
      | 'sessionId'
      | 'apiKeyId'
      | 'apiKeyLabel'
      | 'provider'
      | 'providerId'
      | 'requestModel'
      | 'operation'
      | 'endpoint'
      | 'serviceTier'
      | 'backend'
      | 'upstreamMode'
      | 'tags'
    >
  >
>
