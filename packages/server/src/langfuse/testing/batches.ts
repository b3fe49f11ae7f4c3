/** A word that stands for everything people and models wrote: it must turn up nowhere. */
export const CANARY = 'canary-51cc-in-the-prompt'

/**
 * What the npm package `langfuse` 3.39.2 sent, in the order in which it did, for a trace with a span, a generation that streams,
 * one that is told of at once, and one that failed; ids shortened, text replaced by {@link CANARY}. Captured by running it
 * against a server of our own. A generation's update stands before its create where both were made in one turn.
 */
export const SDK_BATCH: readonly unknown[] = [
  {
    id: '72aa4281',
    type: 'span-create',
    timestamp: '2026-11-21T20:10:12.038Z',
    body: {
      id: 'span-1',
      startTime: '2026-11-21T20:10:12.037Z',
      name: 'retrieval',
      input: CANARY,
      traceId: 'trace-1',
      parentObservationId: null,
    },
  },
  {
    id: '0d727c1b',
    type: 'trace-create',
    timestamp: '2026-11-21T20:10:12.038Z',
    body: {
      id: 'trace-1',
      timestamp: '2026-11-21T20:10:12.036Z',
      name: 'checkout',
      userId: 'u-1',
      sessionId: 's-1',
      tags: ['web', 'team:search'],
      metadata: { plan: CANARY },
      input: CANARY,
    },
  },
  {
    id: '1d9b5413',
    type: 'generation-create',
    timestamp: '2026-11-21T20:10:12.038Z',
    body: {
      id: 'streamed',
      startTime: '2026-11-21T20:10:12.037Z',
      name: 'answer',
      model: 'gpt-4o',
      modelParameters: { temperature: 0.2, stop: CANARY },
      input: [{ role: 'user', content: CANARY }],
      traceId: 'trace-1',
      parentObservationId: 'span-1',
    },
  },
  {
    id: '5949ec8c',
    type: 'generation-update',
    timestamp: '2026-11-21T20:10:12.069Z',
    body: { completionStartTime: '2026-11-21T20:10:12.068Z', id: 'streamed', traceId: 'trace-1' },
  },
  {
    id: 'a8225a94',
    type: 'generation-create',
    timestamp: '2026-11-21T20:10:12.069Z',
    body: {
      id: 'at-once',
      startTime: '2026-11-21T20:10:12.068Z',
      name: 'b',
      model: 'claude-sonnet-4-5',
      endTime: '2026-11-21T20:10:12.968Z',
      usageDetails: { input: 10, output: 5, cache_read_input_tokens: 90 },
      costDetails: { input: 0.0001, output: 0.0002, total: 0.0003 },
      traceId: 'trace-1',
      parentObservationId: null,
    },
  },
  {
    id: '526a4ef8',
    type: 'generation-update',
    timestamp: '2026-11-21T20:10:12.070Z',
    body: {
      level: 'ERROR',
      statusMessage: `Rate limit: ${CANARY}`,
      usage: { input: 5, output: 0, unit: 'TOKENS' },
      id: 'refused',
      traceId: 'trace-1',
      endTime: '2026-11-21T20:10:12.168Z',
    },
  },
  {
    id: '7c792df6',
    type: 'score-create',
    timestamp: '2026-11-21T20:10:12.069Z',
    body: { id: 'score-1', traceId: 'trace-1', name: 'q', value: 1, comment: CANARY },
  },
  {
    id: '906163f2',
    type: 'generation-update',
    timestamp: '2026-11-21T20:10:12.569Z',
    body: {
      output: CANARY,
      usage: { promptTokens: 12, completionTokens: 8, totalTokens: 20 },
      id: 'streamed',
      traceId: 'trace-1',
      endTime: '2026-11-21T20:10:12.568Z',
    },
  },
  {
    id: 'a1cab199',
    type: 'generation-create',
    timestamp: '2026-11-21T20:10:12.069Z',
    body: {
      id: 'refused',
      startTime: '2026-11-21T20:10:12.068Z',
      name: 'c',
      model: 'gpt-4o',
      input: CANARY,
      traceId: 'trace-1',
      parentObservationId: null,
    },
  },
  {
    id: '0e19345b',
    type: 'span-update',
    timestamp: '2026-11-21T20:10:12.069Z',
    body: { output: CANARY, id: 'span-1', traceId: 'trace-1', endTime: '2026-11-21T20:10:12.068Z' },
  },
]

let envelopes = 0

/** One event of a batch, about the generation `g` of the trace `t` unless it says otherwise. */
export function part(type: string, body: Readonly<Record<string, unknown>>, timestamp = START): unknown {
  return { id: `envelope-${++envelopes}`, type, timestamp, body: { id: 'g', traceId: 't', ...body } }
}

export const START = '2026-11-21T12:00:00.000Z'
export const END = '2026-11-21T12:00:01.500Z'
export const create = (body: object = {}): unknown =>
  part('generation-create', { startTime: START, model: 'gpt-4o', input: CANARY, ...body })
export const update = (body: object = {}): unknown => part('generation-update', { ...body }, END)
export const ended = (body: object = {}): unknown =>
  update({ endTime: END, usage: { input: 12, output: 8 }, output: CANARY, ...body })
