import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerReader } from './answer-reader.ts'
import { codeOf, knownCode } from './code.ts'
import { CODE_WORDS } from './code-words.ts'
import { SAID_CODES } from './testing/codes.ts'

/** Prompts that are one word. */
const PROMPTS = [
  'antidisestablishmentarianism42',
  'supercalifragilistic',
  'bcdfghjkmnpqrstvwxz',
  '请帮我写一封辞职信给我的老板说明我下个月要离开公司',
  'напишитемнеписьмо',
  'Ünïcödé-wördß-äll-över',
  'my-diagnosis-is-diabetes',
  'AKIAIOSFODNN7EXAMPLE',
  'sk-proj-4f8a2c9d1e7b',
  'ada.lovelace:example.com',
  '4111111111111111',
  'error_4111111111111111',
  'error_4111_1111_1111_1111',
  'rate_limit_exceeded_for_bob',
  '7f3e9a52-1c0b-4d8e-9f6a-2b5c8d1e4f70',
]

describe('a code of a provider', () => {
  it.each(Object.entries(SAID_CODES))('of %s is kept as it was said', (_, said) => {
    const codes = said.trim().split(/\s+/)
    expect(codes.filter((code) => knownCode(code) !== code)).toEqual([])
    expect(codes.filter((code) => codeOf(code) !== code)).toEqual([])
  })

  it.each(PROMPTS)('that may be what was written is other: %s', (prompt) => {
    expect(knownCode(prompt)).toBeUndefined()
    expect(codeOf(prompt)).toBe('other')
  })

  it('of several words is other too', () => {
    for (const said of ['your prompt was too long', 'rate limit', 'stop\n', ' '])
      expect([knownCode(said), codeOf(said)]).toEqual([undefined, 'other'])
  })

  it('that is nothing, or no text, is none', () => {
    for (const said of ['', null, undefined, true, {}, ['stop']])
      expect([knownCode(said), codeOf(said)]).toEqual([undefined, undefined])
  })

  it('may be a number, of no more digits than codes have', () => {
    expect([429, 1301, 4111111111111111].map(codeOf)).toEqual(['429', '1301', 'other'])
  })

  it('never tells 12 characters that are of none of the words', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'bcdfghjkmnpqrstvwxz'), minLength: 1, maxLength: 20 })
    const known = fc.constantFrom(...CODE_WORDS)
    const parts = fc.array(fc.oneof(letters, known), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(parts, fc.constantFrom('_', '-', '.', ':', ''), (words, glue) => {
        const code = codeOf(words.join(glue)) ?? ''
        const strange = code.length > 11 && words.some((word) => !CODE_WORDS.has(word))
        // Without glue words of the table can make another of it.
        expect(strange && glue !== '').toBe(false)
      }),
      { numRuns: 2_000, seed: 5 },
    )
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 12 }), (text) => {
        const code = codeOf(text)
        expect(code === undefined || code === 'other' || /^[\w.:#-]{1,64}$/.test(code)).toBe(true)
      }),
      { numRuns: 1_000, seed: 6 },
    )
  })

  it('is made of words that stand in the table once, in order, in small letters', () => {
    const words = [...CODE_WORDS]
    expect(words).toEqual([...new Set(words)].toSorted())
    expect(words.filter((word) => !/^[a-z]{1,20}$/.test(word))).toEqual([])
  })
})

describe('an answer that gives the prompt back as a code', () => {
  const read = (provider: string, body: object | Uint8Array, contentType = 'application/json'): string => {
    const reader = new AnswerReader({ provider: provider as 'openai', contentType })
    reader.write(body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body)))
    return JSON.stringify(reader.end())
  }

  it.each(PROMPTS)('tells nothing of it: %s', (prompt) => {
    const error = { message: prompt, type: prompt, code: prompt, status: prompt, param: prompt }
    const number = Number(prompt)
    const usage = { prompt_tokens: 12, completion_tokens: 3 }
    const told = [
      read('openai', { error }),
      read('openai', { object: 'error', ...error }),
      read('openai', { type: 'error', code: Number.isNaN(number) ? prompt : number }),
      read('openai', { choices: [{ finish_reason: prompt }], usage, service_tier: prompt }),
      read('openai', { object: 'response', status: prompt, usage: { input_tokens: 1 }, service_tier: prompt }),
      read('anthropic', { type: 'error', error }),
      read('anthropic', { type: 'message', stop_reason: prompt, stop_sequence: prompt, usage: { input_tokens: 1 } }),
      read('gcp.gemini', { error: { ...error, code: 400 } }),
      read('gcp.gemini', { candidates: [{ finishReason: prompt }], promptFeedback: { blockReason: prompt } }),
      read('cohere', { type: 'message-end', delta: { finish_reason: `ERROR_${prompt}` } }),
      read('aws.bedrock', { stopReason: prompt, usage: { inputTokens: 1, outputTokens: 1 } }),
      read('ollama', { done: true, done_reason: prompt, prompt_eval_count: 1 }),
      read('mistral', { object: 'error', type: prompt, code: prompt }),
    ]
    expect(told.filter((reading) => reading.includes(prompt))).toEqual([])
  })
})
