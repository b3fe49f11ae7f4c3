import { describe, expect, it } from 'vitest'
import { targetOf } from './target.ts'

describe('where a request goes', () => {
  it.each([
    ['https://api.openai.com/v1/chat/completions', 'openai', 'chat', undefined],
    ['https://api.openai.com/v1/responses', 'openai', 'chat', undefined],
    ['https://api.openai.com/v1/embeddings', 'openai', 'embeddings', undefined],
    ['https://eu.api.openai.com/v1/completions', 'openai', 'text_completion', undefined],
    [
      'https://acme.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=1',
      'azure.ai.openai',
      'chat',
      'my-gpt',
    ],
    ['https://api.anthropic.com/v1/messages?beta=true', 'anthropic', 'chat', undefined],
    [
      'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
      'gcp.gemini',
      'generate_content',
      'gemini-2.5-flash',
    ],
    [
      'https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4-5:streamRawPredict',
      'gcp.vertex_ai',
      'chat',
      'claude-sonnet-4-5',
    ],
    [
      'https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-3%3A0/converse-stream',
      'aws.bedrock',
      'chat',
      'anthropic.claude-3:0',
    ],
    ['https://api.cohere.com/v2/chat', 'cohere', 'chat', undefined],
    ['http://localhost:11434/api/chat', 'ollama', 'chat', undefined],
    ['http://localhost:11434/v1/chat/completions', 'ollama', 'chat', undefined],
    ['https://api.mistral.ai/v1/chat/completions', 'mistral_ai', 'chat', undefined],
    ['https://openrouter.ai/api/v1/chat/completions', 'openrouter', 'chat', undefined],
    ['https://gateway.example/v1/messages', 'anthropic', 'chat', undefined],
    ['https://gateway.example/v1/chat/completions', undefined, 'chat', undefined],
    ['https://api.openai.com.evil.example/v1/chat/completions', undefined, 'chat', undefined],
  ])('%s', (url, provider, operation, model) => {
    expect(targetOf(new URL(url))).toMatchObject({ operation, ...(provider && { provider }), ...(model && { model }) })
    expect(targetOf(new URL(url))?.provider).toBe(provider)
  })

  it.each([
    'https://api.openai.com/v1/models',
    'https://api.openai.com/v1/files',
    'https://api.anthropic.com/v1/messages/count_tokens',
    'https://example.com/',
  ])('%s asks a model for nothing', (url) => expect(targetOf(new URL(url))).toBeUndefined())
})
