import type { UsageEvent } from '@tallystick/core/event'
import { ATTRIBUTES, BOUNDS, errorTypeOf, type Generation, METRICS } from '@tallystick/core/otel'

/** A metric that is pushed, and what an event adds to it. */
export interface Instrument {
  readonly name: string
  /** As UCUM writes it. */
  readonly unit: string
  readonly about: string
  /** Upper bounds in the unit of events; without them it is a counter. */
  readonly bounds?: readonly number[]
  /** Digits behind the point of an event's unit in the metric's: 3 of milliseconds in seconds. */
  readonly digits: number
  /** The attribute that tells apart what one request adds, beside those that all metrics share. */
  readonly split?: string
  /** Values of {@link split} that there is always room for; whichever other finds none is told as the last of them. */
  readonly reserved: readonly [string | undefined, ...(string | undefined)[]]
  readonly add: (event: UsageEvent, add: (value: number, split?: string) => void) => void
}

/** What names say that no more series fit for. */
export const OTHER = 'other'

/** Bounds of costs, in nano-USD: a hundredth of a cent to ten dollars. */
const COST_BOUNDS = [1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8, 3e8, 1e9, 3e9, 1e10]

const failed = ({ success, kind }: UsageEvent): boolean => success === false || kind === 'llm_request_failed'

/** The figures that both generations have. */
function common(generation: Generation): readonly Instrument[] {
  const { duration, timeToFirstChunk, cost } = METRICS[generation]
  return [
    {
      name: duration,
      unit: 's',
      about: 'Duration of requests.',
      bounds: BOUNDS.durationMs,
      digits: 3,
      split: ATTRIBUTES.errorType,
      // No error, and those whose names did not fit.
      reserved: [undefined, OTHER],
      add(event, add) {
        if (event.durationMs !== undefined) add(event.durationMs, failed(event) ? errorTypeOf(event) : undefined)
      },
    },
    {
      name: timeToFirstChunk,
      unit: 's',
      about: 'Time until the first piece of a streamed answer.',
      bounds: BOUNDS.durationMs,
      digits: 3,
      reserved: [undefined],
      add(event, add) {
        if (event.stream === true && event.ttfbMs !== undefined) add(event.ttfbMs)
      },
    },
    {
      name: cost,
      unit: 'USD',
      about: 'Cost of requests whose cost is known.',
      bounds: COST_BOUNDS,
      digits: 9,
      reserved: [undefined],
      add(event, add) {
        if (event.costNanoUsd !== undefined) add(event.costNanoUsd)
      },
    },
  ]
}

const TOKENS = { unit: '{token}', digits: 0 } as const

/** Up to v1.41: one histogram of tokens, by type. */
const OF_V1_41: readonly Instrument[] = [
  {
    ...TOKENS,
    name: METRICS['v1.41'].tokenUsage,
    about: 'Tokens of requests: input, cached ones included, and output, reasoning included.',
    bounds: BOUNDS.tokens,
    split: ATTRIBUTES.tokenType,
    reserved: ['input', 'output'],
    add({ inputTokens, outputTokens }, add) {
      if (inputTokens !== undefined) add(inputTokens, 'input')
      if (outputTokens !== undefined) add(outputTokens, 'output')
    },
  },
]

const { latest } = METRICS

/** After that: a counter of each kind of tokens, by modality, and histograms of what requests have of them. */
const OF_LATEST: readonly Instrument[] = [
  counter(latest.inputTokens, 'Input tokens, cached ones included.', (event, add) =>
    byModality(event.inputTokens, event.inputAudioTokens, event.inputImageTokens, add),
  ),
  counter(latest.outputTokens, 'Output tokens, reasoning included.', (event, add) =>
    byModality(event.outputTokens, event.outputAudioTokens, event.outputImageTokens, add),
  ),
  counter(latest.cacheReadTokens, 'Input tokens read from a cache; a part of the input.', (event, add) =>
    byModality(event.cacheReadTokens, undefined, undefined, add),
  ),
  counter(latest.cacheWriteTokens, 'Input tokens written to a cache; a part of the input.', (event, add) =>
    byModality(addUp(event.cacheWriteTokens, event.cacheWrite1hTokens), undefined, undefined, add),
  ),
  counter(latest.reasoningTokens, 'Output tokens of reasoning; a part of the output.', (event, add) =>
    byModality(event.reasoningTokens, undefined, undefined, add),
  ),
  {
    ...TOKENS,
    name: latest.inputTokensOfRequest,
    about: 'Input tokens of single requests.',
    bounds: BOUNDS.tokens,
    reserved: [undefined],
    add({ inputTokens }, add) {
      if (inputTokens !== undefined) add(inputTokens)
    },
  },
  {
    ...TOKENS,
    name: latest.outputTokensOfRequest,
    about: 'Output tokens of single requests.',
    bounds: BOUNDS.tokens,
    reserved: [undefined],
    add({ outputTokens }, add) {
      if (outputTokens !== undefined) add(outputTokens)
    },
  },
]

function counter(name: string, about: string, add: Instrument['add']): Instrument {
  return { ...TOKENS, name, about, split: ATTRIBUTES.tokenModality, reserved: ['unknown'], add }
}

/** What no subset tells of may be text, or not: providers list what they charge apart. */
function byModality(
  all: number | undefined,
  audio: number | undefined,
  image: number | undefined,
  add: (value: number, split: string) => void,
): void {
  if (all === undefined) return
  const told = (audio ?? 0) + (image ?? 0)
  const isPart = told <= all
  if (isPart && audio !== undefined && audio > 0) add(audio, 'audio')
  if (isPart && image !== undefined && image > 0) add(image, 'image')
  add(isPart ? all - told : all, 'unknown')
}

const addUp = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)

/** THE table of what is pushed. */
export const INSTRUMENTS: { readonly [G in Generation]: readonly Instrument[] } = {
  'v1.41': [...OF_V1_41, ...common('v1.41')],
  latest: [...OF_LATEST, ...common('latest')],
}
