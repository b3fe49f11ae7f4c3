import { describe, expect, it } from 'vitest'
import { ownTargetOf, targetOf } from './target.ts'

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
    ['https://api.anthropic.com/v1/chat/completions', 'anthropic', 'openai'],
    ['https://generativelanguage.googleapis.com/v1beta/openai/chat/completions', 'gcp.gemini', 'openai'],
    ['https://api.cohere.ai/compatibility/v1/chat/completions', 'cohere', 'openai'],
    ['https://api.deepseek.com/anthropic/v1/messages', 'deepseek', 'anthropic'],
    ['https://openrouter.ai/api/v1/messages', 'openrouter', 'anthropic'],
    ['https://api.anthropic.com/v1/messages', 'anthropic', undefined],
    ['https://api.mistral.ai/v1/chat/completions', 'mistral_ai', undefined],
    ['https://aiplatform.googleapis.com/v1/p/models/gemini-2.5-flash:generateContent', 'gcp.vertex_ai', undefined],
  ])('%s is answered by %s in the words of %s', (url, provider, speaks) => {
    expect(targetOf(new URL(url))).toMatchObject({ provider })
    expect(targetOf(new URL(url))?.speaks).toBe(speaks)
  })

  it.each([
    ['/v1beta/openai/chat/completions', 'gcp.gemini', 'openai'],
    ['/anthropic/v1/messages', 'deepseek', 'anthropic'],
    ['/v1/chat/completions', 'anthropic', 'openai'],
    ['/openai/v1/chat/completions', 'aws.bedrock', 'openai'],
    ['/model/amazon.nova-lite-v1%3A0/converse', 'aws.bedrock', undefined],
    ['/v1/chat/completions', 'mistral_ai', undefined],
  ])('%s of a host that is said to be of %s is answered in the words of %s', (path, provider, speaks) => {
    const target = targetOf(new URL(`http://10.0.0.5${path}`), provider)
    expect(target).toMatchObject({ provider, operation: 'chat' })
    expect(target?.speaks).toBe(speaks)
  })

  it("at a server of one's own says in whose words it is answered, not who answers", () => {
    expect(ownTargetOf('/v1/messages')).toEqual({ speaks: 'anthropic', operation: 'chat', endpoint: '/v1/messages' })
    expect(ownTargetOf('/openai/v1/chat/completions')).toMatchObject({ speaks: 'openai' })
    expect(ownTargetOf('/v1/models')).toBeUndefined()
  })

  it.each([
    'https://api.openai.com/v1/chat/%63ompletions',
    'https://api.openai.com/v1/chat/completions/',
    'https://api.openai.com//v1//chat///completions//',
    'https://api.openai.com/%76%31/%63hat/completions?x=1',
    'https://api.openai.com/v1/chat%2Fcompletions',
  ])('%s is the same as if it were spelt as usual', (url) => {
    expect(targetOf(new URL(url))).toEqual({ provider: 'openai', operation: 'chat', endpoint: '/v1/chat/completions' })
  })

  it.each([
    ['/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x/converse', 'aws.bedrock'],
    ['/model/arn%3aaws%3abedrock%3aus-east-1%3a1%3ainference-profile%2fus%2Ex//converse/', 'aws.bedrock'],
    ['/v1beta/models/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x:generateContent', 'gcp.gemini'],
  ])('a name of a model keeps its slashes: %s', (path, provider) => {
    expect(targetOf(new URL(`http://10.0.0.5${path}`), provider)).toMatchObject({
      provider,
      model: 'arn:aws:bedrock:us-east-1:1:inference-profile/us.x',
    })
  })

  it.each([
    ['https://api.openai.com/v1/responses/compact', 'openai', 'chat', undefined],
    ['https://api.openai.com/v1/images/variations', 'openai', 'image_generation', undefined],
    ['https://api.openai.com/v1/videos', 'openai', 'video_generation', undefined],
    ['https://api.openai.com/v1/videos/video_1/remix', 'openai', 'video_generation', undefined],
    ['https://api.mistral.ai/v1/ocr', 'mistral_ai', 'ocr', undefined],
    ['https://generativelanguage.googleapis.com/v1beta/interactions', 'gcp.gemini', 'generate_content', null],
    [
      'https://generativelanguage.googleapis.com/v1beta/models/imagen-4:predict',
      'gcp.gemini',
      'generate_content',
      null,
    ],
    [
      'https://us-aiplatform.googleapis.com/v1/models/veo-3:predictLongRunning',
      'gcp.vertex_ai',
      'video_generation',
      null,
    ],
    ['https://gateway.example/v1beta/interactions', undefined, 'generate_content', null],
  ])('%s is billed too', (url, provider, operation, speaks) => {
    const target = targetOf(new URL(url))
    expect(target).toMatchObject({ operation })
    expect([target?.provider, target?.speaks]).toEqual([provider, speaks])
  })

  it.each([
    'https://api.openai.com/v1/threads/thread_1/messages',
    'https://api.openai.com/v1/videos/video_1/content',
    'https://api.openai.com/v1/responses/input_tokens',
    'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:countTokens',
    'https://api.openai.com/v1/models',
    'https://api.openai.com/v1/files',
    'https://api.anthropic.com/v1/messages/count_tokens',
    'https://example.com/',
  ])('%s asks a model for nothing', (url) => expect(targetOf(new URL(url))).toBeUndefined())
})
