import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerReader, type AnswerReading } from './answer-reader.ts'
import { ANSWERS, type Recorded } from './testing/answers.ts'
import { pieces } from './testing/pieces.ts'

function read({ provider, contentType, bytes }: Recorded, split: readonly number[]): AnswerReading {
  const reader = new AnswerReader({ provider, contentType })
  for (const piece of pieces(bytes, split)) reader.write(piece)
  return reader.end()
}

const shown = ({
  usage,
  responseId: id,
  responseModel: model,
  finishReason: finish,
  error,
  complete,
}: AnswerReading) => {
  const { inputTokens, outputTokens, cacheReadTokens, reasoningTokens } = usage?.fields ?? {}
  const all = {
    input: inputTokens,
    output: outputTokens,
    cacheRead: cacheReadTokens,
    reasoning: reasoningTokens,
    id,
    model,
    finish,
    error,
    complete,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

describe('reading an answer', () => {
  it.each(ANSWERS)('$provider: $name', (recorded) => {
    expect(shown(read(recorded, []))).toEqual(recorded.expected)
  })

  it('is the same wherever the bytes are cut', () => {
    for (const recorded of ANSWERS) {
      const whole = JSON.stringify(read(recorded, []))
      for (let at = 1; at < recorded.bytes.length; at++)
        expect(JSON.stringify(read(recorded, [at])), `${recorded.name}, at ${at}`).toBe(whole)
      const each = Array.from(recorded.bytes.keys())
      expect(JSON.stringify(read(recorded, each)), `${recorded.name}, byte by byte`).toBe(whole)
    }
  })

  it('that breaks off anywhere tells no more than had come, and never throws', () => {
    for (const recorded of ANSWERS) {
      const known = read(recorded, [])
      for (let length = 0; length < recorded.bytes.length; length++) {
        const reading = read({ ...recorded, bytes: recorded.bytes.subarray(0, length) }, [])
        expect([undefined, known.responseId]).toContain(reading.responseId)
        expect(reading.usage?.fields.inputTokens ?? 0).toBeLessThanOrEqual(known.usage?.fields.inputTokens ?? 0)
      }
    }
  })

  it('of flipped bytes never throws', () => {
    const cases = fc.tuple(
      fc.constantFrom(...ANSWERS),
      fc.array(fc.tuple(fc.nat(5_000), fc.nat(255)), { maxLength: 6 }),
    )
    fc.assert(
      fc.property(cases, ([recorded, flips]) => {
        const bytes = recorded.bytes.slice()
        for (const [at, value] of flips) if (bytes.length > 0) bytes[at % bytes.length] = value
        read({ ...recorded, bytes }, [7, 70, 700])
      }),
      { numRuns: 2_000, seed: 3 },
    )
  })

  it('P-5: keeps next to nothing of a line of 10 MB, and reads the figures behind it', () => {
    const reader = new AnswerReader({ provider: 'openai', contentType: 'text/event-stream' })
    const encoder = new TextEncoder()
    reader.write(encoder.encode('data: {"choices":[{"delta":{"content":"'))
    const before = process.memoryUsage().arrayBuffers
    const piece = encoder.encode('x'.repeat(65_536))
    for (let count = 0; count < 160; count++) reader.write(piece)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_048_576)
    reader.write(encoder.encode('"}}],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n'))
    expect(reader.end()).toMatchObject({ complete: true, damaged: false, usage: { fields: { inputTokens: 3 } } })
  })

  it.each(['anthropic', 'vertex', 'bedrock'])(
    'a list of turns that is too long takes no totals with it: %s',
    (provider) => {
      const turn = { type: 'message', model: null, input_tokens: 3, output_tokens: 2, cache_creation: null }
      const read = (iterations: readonly object[]): AnswerReading => {
        const reader = new AnswerReader({ provider, contentType: 'application/json' })
        const usage = { iterations, input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 42 }
        reader.write(new TextEncoder().encode(JSON.stringify({ type: 'message', usage })))
        return reader.end()
      }
      const long = read(new Array<object>(10_000).fill(turn))
      expect(long).toMatchObject({
        complete: true,
        damaged: true,
        usage: { fields: { inputTokens: 100, outputTokens: 42 } },
      })
      // Nobody knows what the totals leave out, so they are no more than a part.
      expect(long.usage?.anomalies).toEqual(['a member is longer than what is kept of one'])
      expect(read(new Array<object>(500).fill(turn))).toMatchObject({ damaged: false, usage: { anomalies: [] } })
    },
  )

  it('P-9: figures that cannot be are left out and named', () => {
    const reader = new AnswerReader({ provider: 'openai', contentType: 'application/json' })
    reader.write(new TextEncoder().encode('{"choices":[],"usage":{"prompt_tokens":9e18,"completion_tokens":2}}'))
    const { usage } = reader.end()
    expect(usage?.fields.inputTokens).toBeUndefined()
    expect(usage?.anomalies).toEqual(['prompt_tokens is not a whole number'])
  })
})
