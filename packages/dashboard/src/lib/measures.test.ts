import { MEASURES } from '@tallystick/core/query'
import { describe, expect, test } from 'vitest'
import { MEASURE_GROUPS } from '../explore/measure-groups.ts'
import { toAmount } from './amounts.ts'
import { figureOf, measureLabel, readsEvents } from './measures.ts'

describe('measures', () => {
  test('are all there to be picked, once each, and none is called like another', () => {
    const picked = MEASURE_GROUPS.flatMap(({ measures }) => measures.map(({ name }) => name))
    expect([...picked].sort()).toEqual(MEASURES.map(({ name }) => name).sort())
    expect(new Set(picked.map(measureLabel)).size).toBe(picked.length)
    expect(MEASURE_GROUPS.every(({ measures }) => measures.length > 0)).toBe(true)
  })

  test('are written in their unit, and to the last digit where that is asked for', () => {
    const written = (name: string, value: number | bigint | null): readonly string[] => {
      const { format, exact } = figureOf(name)
      return [format(value), exact(value)].map((text) => text.replaceAll('\u202f', ' '))
    }
    expect(written('cost_nano_usd', 12_480_000_001)).toEqual(['$12.48', '$12.480000001'])
    expect(written('cost_nano_usd_avg', 4_200_000.4)).toEqual(['$0.0042', '$0.004200000'])
    expect(written('input_tokens', 1_234_567)).toEqual(['1.2 M', '1,234,567 tokens'])
    expect(written('input_tokens', 2n ** 60n)[1]).toBe('1,152,921,504,606,846,976 tokens')
    expect(written('input_tokens_avg', 12.3456)[0]).toBe('12.3')
    expect(written('duration_ms_p95', 2_430)).toEqual(['2.4 s', '2,430 ms'])
    expect(written('error_ratio', 0.025)).toEqual(['2.5 %', '2.5 %'])
    expect(written('output_milli_tokens_per_second_p50', 45_600)).toEqual(['45.6 tokens/s', '45.6 tokens/s'])
    for (const { name } of MEASURES) expect(written(name, null), name).toEqual(['–', '–'])
  })

  test('say whether their parts come to the whole, and whether single events are read for them', () => {
    const additive = ['requests', 'cost_nano_usd', 'duration_ms_sum', 'error_ratio', 'duration_ms_p95'].map(
      (name) => figureOf(name).additive,
    )
    expect(additive).toEqual([true, true, true, false, false])
    const reads = ['requests', 'cost_nano_usd', 'input_tokens_avg', 'duration_ms_p999'].map(readsEvents)
    expect(reads).toEqual([false, false, false, false])
    expect(['input_tokens_p50', 'cost_nano_usd_max', 'request_bytes', 'prompt_chars_avg'].map(readsEvents)).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  test('that are unknown stay so', () => {
    expect([null, undefined, 'x', Number.NaN, '12', 0.5].map(toAmount)).toEqual([null, null, null, null, 12, 0.5])
  })
})
