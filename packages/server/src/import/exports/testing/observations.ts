/** Observations as Langfuse's page exports them (camelCase) and as its blob storage export writes them (snake_case). */
const row = (more: object): Record<string, unknown> => ({
  type: 'GENERATION',
  traceId: 'trace-1',
  startTime: '2026-11-01T10:00:00.250Z',
  endTime: '2026-11-01T10:00:01.250Z',
  completionStartTime: '2026-11-01T10:00:00.450Z',
  model: 'gpt-4o',
  level: 'DEFAULT',
  statusMessage: null,
  environment: 'production',
  userId: 'ada',
  sessionId: 's-1',
  traceName: 'answer',
  traceTags: ['beta'],
  input: { messages: ['what the user had asked'] },
  output: 'what the model said',
  metadata: { ls_provider: 'openai', note: 'what the user had asked' },
  ...more,
})

export const OBSERVATIONS: readonly Record<string, unknown>[] = [
  row({
    id: 'a',
    usageDetails: { input: 200, input_cached_tokens: 800, output: 60, output_reasoning_tokens: 40, total: 1_100 },
    costDetails: { input: 0.0005, input_cached_tokens: 0.001, output: 0.001, total: 0.0025000000000000001 },
    totalCost: 0.0025,
  }),
  // A sender's inclusive counts: the total is input and output alone.
  row({
    id: 'b',
    usageDetails: { input: 1_000, input_cached_tokens: 800, output: 100, output_reasoning_tokens: 40, total: 1_100 },
    costDetails: {},
    totalCost: 0,
  }),
  row({
    id: 'c',
    model: 'claude-sonnet-4-5',
    metadata: {},
    usageDetails: {
      input_tokens: 10,
      cache_read_input_tokens: 90,
      cache_creation_input_tokens: 5,
      input_cache_creation_1h: 5,
      output_tokens: 7,
      web_searches: 2,
    },
    costDetails: { input: 0.00003, output: '0.0001050000005' },
  }),
  row({ id: 'd', level: 'ERROR', statusMessage: 'what the user had asked', usageDetails: {}, costDetails: {} }),
  row({ id: 'e', type: 'EMBEDDING', model: 'text-embedding-3-small', usageDetails: { input: 12, total: 12 } }),
  // An SDK around its request, and a span between the two.
  row({ id: 'outer', usageDetails: { input: 30, output: 5 }, costDetails: { total: 0.5 } }),
  row({ id: 'span', type: 'SPAN', parentObservationId: 'outer', model: null, usageDetails: {} }),
  row({
    id: 'inner',
    parentObservationId: 'span',
    usageDetails: { input: 30, output: 5 },
    costDetails: { total: 0.5 },
  }),
  row({ id: 'tool', type: 'TOOL', model: null, usageDetails: { input: 99 } }),
]

/** The same in the spelling of the export to blob storage. */
export function inBlobStorage(observation: Record<string, unknown>): Record<string, unknown> {
  const instant = (value: unknown): unknown =>
    typeof value === 'string' && /^\d{4}-.*Z$/.test(value) ? `${value.slice(0, -1).replace('T', ' ')}000` : value
  const names = new Map([
    ['model', 'provided_model_name'],
    ['traceTags', 'tags'],
  ])
  return Object.fromEntries(
    Object.entries(observation).map(([name, value]) => [
      names.get(name) ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      instant(value),
    ]),
  )
}
