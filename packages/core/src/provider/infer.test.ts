import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inferProvider, inferSeedProvider } from './infer.ts'
import { parseProvider, parseSeedProvider } from './provider.ts'

const OPENAI = [
  'gpt-4',
  'gpt-4-turbo',
  'gpt-4o',
  'gpt-4o-mini',
  'gpt-3.5-turbo',
  'GPT-4',
  'o1-preview',
  'o1-mini',
  'o3-mini',
  'chatgpt-4o-latest',
]
const ANTHROPIC = [
  'claude-3-opus-20240229',
  'claude-3-5-sonnet-20241022',
  'claude-2.1',
  'claude-instant-1.2',
  'Claude-3-Opus',
  'CLAUDE-3-SONNET',
]
const SEED_UNKNOWN = ['llama-2-70b', 'mistral-7b', 'gemini-pro', 'custom-model', '']

describe('the provider that a model name suggests', () => {
  it.each(OPENAI)('T:helpers %s is of openai', (model) => {
    expect([inferSeedProvider(model), inferProvider(model)]).toEqual(['openai', 'openai'])
  })

  it.each(ANTHROPIC)('T:helpers %s is of anthropic', (model) => {
    expect([inferSeedProvider(model), inferProvider(model)]).toEqual(['anthropic', 'anthropic'])
  })

  it.each(SEED_UNKNOWN)('T:helpers %j is unknown to the replaced system', (model) => {
    expect(inferSeedProvider(model)).toBe('unknown')
  })

  it.each([
    ['o1', 'openai'],
    ['o4-mini', 'openai'],
    ['codex-mini-latest', 'openai'],
    ['ft:gpt-4o-mini-2024-07-18:acme::abc', 'openai'],
    ['text-embedding-3-small', 'openai'],
    ['gemini-2.5-pro', 'gcp.gemini'],
    ['models/gemini-2.5-pro', 'gcp.gemini'],
    ['mistral-large-latest', 'mistral_ai'],
    ['codestral-2501', 'mistral_ai'],
    ['deepseek-chat', 'deepseek'],
    ['grok-4', 'x_ai'],
    ['command-a-03-2025', 'cohere'],
    ['qwen3-max', 'alibaba'],
    ['llama-3.3-70b', 'meta'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'aws.bedrock'],
    ['anthropic.claude-3-haiku-20240307-v1:0', 'aws.bedrock'],
    ['amazon.nova-pro-v1:0', 'aws.bedrock'],
    ['openrouter/openai/gpt-4o', 'openrouter'],
    ['custom-model', 'unknown'],
    ['', 'unknown'],
    ['o1x', 'unknown'],
  ])('%s is of %s', (model, provider) => {
    expect(inferProvider(model)).toBe(provider)
  })

  it('never throws, and the answers of the replaced system stand', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('日本語', 'gpté', 'gpt-日本', '\ud800', 'K-claude-'),
    )
    fc.assert(
      fc.property(text, (model) => {
        const seed = inferSeedProvider(model)
        const wide = inferProvider(model)
        if (seed !== 'unknown') expect(wide).toBe(seed)
        expect(wide).not.toBe('')
        expect(parseProvider(model)).not.toBe('')
        expect(['openai', 'anthropic', 'unknown']).toContain(parseSeedProvider(model))
      }),
      { seed: 1, numRuns: 2_000 },
    )
  })
})

describe('names of providers', () => {
  it('T:helpers ignore case, and the closed set has three members', () => {
    for (const text of ['OPENAI', 'OpenAI', 'openai']) expect(parseSeedProvider(text)).toBe('openai')
    expect(parseSeedProvider('google')).toBe('unknown')
    expect(parseSeedProvider('')).toBe('unknown')
  })

  it('know the spellings of SDKs and keep what they do not know', () => {
    expect(parseProvider('Google')).toBe('gcp.gemini')
    expect(parseProvider('xai')).toBe('x_ai')
    expect(parseProvider('My-Gateway')).toBe('my-gateway')
    expect(parseProvider('')).toBe('unknown')
  })
})
