import { METRICS } from '@tallystick/core/otel'
import type { App } from '../app.ts'
import type { Names } from '../attributes.ts'
import type { Counting } from '../usage.ts'

/** What the values of one metric are. */
export type Part =
  | 'input'
  | 'cacheRead'
  | 'cacheWrite'
  | 'output'
  | 'reasoning'
  /** Input beside the input: what tools put into a prompt. */
  | 'toolInput'
  | 'costUsd'

/** A metric by which a source tells of what it used. */
export interface MetricTable {
  /** What each value is: always the same, or by an attribute. Values of other kinds repeat these, and are left out. */
  readonly part: Part | { readonly attribute: string; readonly parts: ReadonlyMap<string, Part> }
  /** Attributes that only split the values further, and are added up over. */
  readonly addedOver?: Names
}

/** All metrics of one source. */
export interface MetricSource {
  /** By name of the metric. */
  readonly metrics: ReadonlyMap<string, MetricTable>
  readonly requestModel: Names
  readonly responseModel: Names
  readonly provider: Names
  readonly operation: Names
  readonly counting: Counting
  readonly convention: string
  /** Where nothing says who answers. */
  readonly defaultProvider?: string
}

const byAttribute = (attribute: string, parts: Readonly<Record<string, Part>>): MetricTable => ({
  part: { attribute, parts: new Map(Object.entries(parts)) },
})

/** Programs with metrics of their own. What they send under other names as well, e.g. GenAI's, repeats these. */
export const APP_METRICS: { readonly [A in App]: MetricSource } = {
  'claude-code': {
    metrics: new Map<string, MetricTable>([
      [
        'claude_code.token.usage',
        byAttribute('type', { input: 'input', output: 'output', cacheRead: 'cacheRead', cacheCreation: 'cacheWrite' }),
      ],
      ['claude_code.cost.usage', { part: 'costUsd' }],
    ]),
    requestModel: ['model'],
    responseModel: [],
    provider: [],
    operation: [],
    counting: { input: 'fresh', output: 'inclusive' },
    convention: 'claude_code.metrics',
    defaultProvider: 'anthropic',
  },
  codex: {
    metrics: new Map([
      [
        'codex.turn.token_usage',
        byAttribute('token_type', {
          input: 'input',
          cached_input: 'cacheRead',
          cache_write_input: 'cacheWrite',
          output: 'output',
          reasoning_output: 'reasoning',
        }),
      ],
    ]),
    requestModel: ['model'],
    responseModel: [],
    provider: [],
    operation: [],
    counting: { input: 'inclusive', output: 'inclusive' },
    convention: 'codex.metrics',
    defaultProvider: 'openai',
  },
  'gemini-cli': {
    metrics: new Map([
      [
        'gemini_cli.token.usage',
        byAttribute('type', {
          input: 'input',
          output: 'output',
          thought: 'reasoning',
          cache: 'cacheRead',
          tool: 'toolInput',
        }),
      ],
    ]),
    requestModel: ['model'],
    responseModel: [],
    provider: [],
    operation: [],
    counting: { input: 'inclusive', output: 'visible' },
    convention: 'gemini_cli.metrics',
    defaultProvider: 'gcp.gemini',
  },
}

const GENAI_NAMES = {
  requestModel: ['gen_ai.request.model'],
  responseModel: ['gen_ai.response.model'],
  provider: ['gen_ai.provider.name', 'gen_ai.system'],
  operation: ['gen_ai.operation.name'],
  counting: { input: 'inclusive', output: 'inclusive' },
} as const

const overModalities = (part: Part): MetricTable => ({ part, addedOver: ['gen_ai.token.modality'] })

/** GenAI's counters, of which the subsets are part of input and output. */
export const GENAI_COUNTERS: MetricSource = {
  ...GENAI_NAMES,
  metrics: new Map([
    ['gen_ai.client.inference.usage.input_tokens', overModalities('input')],
    ['gen_ai.client.inference.usage.output_tokens', overModalities('output')],
    ['gen_ai.client.inference.usage.cache_read.input_tokens', overModalities('cacheRead')],
    ['gen_ai.client.inference.usage.cache_write.input_tokens', overModalities('cacheWrite')],
    ['gen_ai.client.inference.usage.reasoning.output_tokens', overModalities('reasoning')],
  ]),
  convention: 'otel.genai.metrics',
}

/** GenAI's histogram up to v1.41; a program in migration sends both, and then this one repeats the counters. */
export const GENAI_HISTOGRAM: MetricSource = {
  ...GENAI_NAMES,
  metrics: new Map([
    [
      'gen_ai.client.token.usage',
      byAttribute('gen_ai.token.type', { input: 'input', output: 'output', completion: 'output' }),
    ],
  ]),
  convention: 'otel.genai.metrics',
}

/** What LiteLLM and Tallystick say of cost, beside either. */
export const GENAI_COST: MetricSource = {
  ...GENAI_NAMES,
  metrics: new Map([[METRICS.latest.cost, { part: 'costUsd' }]]),
  convention: 'otel.genai.metrics',
}
