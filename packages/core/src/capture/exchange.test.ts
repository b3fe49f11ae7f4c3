import { describe, expect, it } from 'vitest'
import type { UsageEvent } from '../event/index.ts'
import { ANSWERS, type Recorded } from '../provider/stream/testing/answers.ts'
import { Exchange } from './exchange.ts'
import { STREAMS } from './outcome.ts'

const STREAMED = ANSWERS.filter(({ contentType }) => STREAMS.test(contentType))

/** One exchange whose answer came as far as `length`, and then? */
function recorded(
  { provider, contentType, bytes }: Recorded,
  length: number,
  end: (exchange: Exchange) => void,
): UsageEvent[] {
  const events: UsageEvent[] = []
  const exchange = new Exchange(
    {
      sink: {
        record: (event) => {
          events.push(event as UsageEvent)
          return true
        },
      },
    },
    { target: { provider, operation: 'chat', endpoint: '/x' }, method: 'POST', facts: { model: 'm', stream: true } },
  )
  exchange.answered(200, new Headers({ 'content-type': contentType }))
  for (let at = 0; at < length; at += 61) exchange.data(bytes.subarray(at, Math.min(length, at + 61)))
  end(exchange)
  return events
}

const ENDS = {
  client_abort: (exchange: Exchange) => exchange.aborted(new DOMException('gone', 'AbortError')),
  timeout: (exchange: Exchange) => exchange.aborted(new DOMException('late', 'TimeoutError')),
  connection: (exchange: Exchange) => exchange.failed(new TypeError('terminated', { cause: { code: 'ECONNRESET' } })),
  truncated: (exchange: Exchange) => exchange.ended(),
} as const

describe('a stream that does not come to its end', () => {
  it.each(Object.entries(ENDS))('is one failed event in every dialect, wherever it stops: %s', (errorType, end) => {
    for (const answer of STREAMED) {
      const whole = recorded(answer, answer.bytes.length, (exchange) => exchange.ended())[0]
      for (let length = 0; length < answer.bytes.length; length += 17) {
        const events = recorded(answer, length, (exchange) => {
          end(exchange)
          // Whatever comes after says nothing more.
          exchange.data(answer.bytes)
          for (const again of Object.values(ENDS)) again(exchange)
        })
        expect(events, answer.name).toHaveLength(1)
        const [event] = events as [UsageEvent]
        const known = event.inputTokens !== undefined || event.outputTokens !== undefined
        expect(event.usageBasis === 'unknown', `${answer.name}, at ${length}`).toBe(!known)
        if (event.success) {
          // Its end was in what had come; only trailing figures or nothing followed.
          expect([errorType, event.finishReason], answer.name).toEqual(['truncated', whole?.finishReason])
          continue
        }
        expect(event.kind).toBe('llm_request_failed')
        if (errorType !== 'truncated') expect(event.errorType, answer.name).toBe(errorType)
        expect(event.aborted, answer.name).toBe(
          errorType === 'client_abort' || errorType === 'timeout' ? true : undefined,
        )
        if (known) expect(event.inputTokens ?? 0).toBeLessThanOrEqual(whole?.inputTokens ?? 0)
      }
    }
  })

  it('has figures that are called estimated where its end might have changed them', () => {
    const answer = STREAMED.find(({ name }) => name === 'messages, streamed') as Recorded
    const start = new TextDecoder().decode(answer.bytes).indexOf('event: ping')
    const [cut] = recorded(answer, start, ENDS.client_abort)
    expect(cut).toMatchObject({ inputTokens: 100, outputTokens: 1, usageBasis: 'estimated', aborted: true })
    const [whole] = recorded(answer, answer.bytes.length, ENDS.client_abort)
    expect(whole).toMatchObject({ inputTokens: 100, outputTokens: 42, usageBasis: 'measured', aborted: true })
  })
})

describe('an answer whose figures cannot be so', () => {
  it.each([
    ['more than a number can hold', { prompt_tokens: 9e18, completion_tokens: 2 }, { outputTokens: 2 }],
    [
      'more cached than there were',
      { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 11 } },
      { inputTokens: 10, outputTokens: 2 },
    ],
  ])('has what is left of them called estimated: %s', (_name, usage, expected) => {
    const bytes = new TextEncoder().encode(JSON.stringify({ id: 'x', choices: [{ finish_reason: 'stop' }], usage }))
    const answer = { ...(ANSWERS[0] as Recorded), provider: 'openai', contentType: 'application/json', bytes }
    const [event] = recorded(answer, bytes.length, (exchange) => exchange.ended())
    expect(event).toMatchObject({ ...expected, success: true, usageBasis: 'estimated' })
  })
})
