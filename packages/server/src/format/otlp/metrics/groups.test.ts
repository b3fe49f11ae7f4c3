import { describe, expect, it } from 'vitest'
import type { Draft } from '../draft.ts'
import type { AttributeValue, Emitted, Metric } from '../model.ts'
import { groupPoints } from './groups.ts'
import { requestOfGroup } from './request.ts'

type Point = readonly [value: number, attributes: Readonly<Record<string, AttributeValue>>]

function metrics(service: string, named: Readonly<Record<string, readonly Point[]>>): readonly Emitted<Metric>[] {
  const origin = { resource: new Map([['service.name', service]]), scope: '' }
  return Object.entries(named).map(([name, points]) => ({
    origin,
    item: {
      name,
      temporality: 'delta',
      points: points.map(([value, attributes]) => ({
        startNanos: 1_795_215_000_000_000_000n,
        timeNanos: 1_795_215_060_000_000_000n,
        attributes: new Map(Object.entries(attributes)),
        value,
      })),
    },
  }))
}

const drafts = (all: readonly Emitted<Metric>[]): readonly (Draft | undefined)[] =>
  groupPoints(all).groups.map((group) => requestOfGroup(group, group.values, group.startNanos, {})?.draft)

describe('points of one moment', () => {
  it('of Gemini CLI overlap, and its GenAI metrics repeat them', () => {
    const of = (type: string): Readonly<Record<string, string>> => ({ type, model: 'gemini-3-pro', 'session.id': 'g' })
    const usage: readonly Point[] = [
      [100, of('input')],
      [40, of('cache')],
      [5, of('tool')],
      [30, of('output')],
      [70, of('thought')],
    ]
    const repeated: readonly Point[] = [[100, { 'gen_ai.token.type': 'input', 'gen_ai.request.model': 'gemini-3-pro' }]]
    expect(
      drafts(metrics('gemini-cli', { 'gemini_cli.token.usage': usage, 'gen_ai.client.token.usage': repeated })),
    ).toMatchObject([
      {
        input_tokens: 105,
        cache_read_tokens: 40,
        output_tokens: 100,
        reasoning_tokens: 70,
        session_id: 'g',
        provider: 'gcp.gemini',
      },
    ])
  })

  it('of Codex have a total beside them that is not counted', () => {
    const of = (type: string): Readonly<Record<string, string>> => ({ token_type: type, model: 'gpt-5.4' })
    const usage: readonly Point[] = [
      [110, of('total')],
      [100, of('input')],
      [40, of('cached_input')],
      [10, of('output')],
      [4, of('reasoning_output')],
    ]
    expect(drafts(metrics('codex_exec', { 'codex.turn.token_usage': usage }))).toMatchObject([
      { input_tokens: 100, cache_read_tokens: 40, output_tokens: 10, reasoning_tokens: 4, provider: 'openai' },
    ])
  })

  it('of the new counters are added up over modalities, and count instead of the old histogram', () => {
    const model = { 'gen_ai.request.model': 'gpt-4o', 'gen_ai.provider.name': 'openai' }
    const all = metrics('checkout', {
      'gen_ai.client.token.usage': [[130, { ...model, 'gen_ai.token.type': 'input' }]],
      'gen_ai.client.inference.usage.input_tokens': [
        [100, { ...model, 'gen_ai.token.modality': 'text' }],
        [30, { ...model, 'gen_ai.token.modality': 'image' }],
      ],
      'gen_ai.client.inference.usage.cache_read.input_tokens': [[20, { ...model, 'gen_ai.token.modality': 'text' }]],
      'gen_ai.client.inference.usage.output_tokens': [[9, { ...model, 'gen_ai.token.modality': 'text' }]],
    })
    expect(drafts(all)).toMatchObject([{ input_tokens: 130, cache_read_tokens: 20, output_tokens: 9 }])
    expect(drafts(all)).toHaveLength(1)
  })

  it('of different models, and nothing at all, are kept apart', () => {
    const found = drafts(
      metrics('checkout', {
        'gen_ai.client.token.usage': [
          [1, { 'gen_ai.token.type': 'input', 'gen_ai.request.model': 'a' }],
          [2, { 'gen_ai.token.type': 'input', 'gen_ai.request.model': 'b' }],
          [0, { 'gen_ai.token.type': 'input', 'gen_ai.request.model': 'c' }],
        ],
        'http.server.request.duration': [[7, {}]],
      }),
    )
    expect(found.map((draft) => draft?.input_tokens)).toEqual([1, 2, undefined])
  })
})
