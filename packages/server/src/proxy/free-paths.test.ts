import { describe, expect, it } from 'vitest'
import { isFree } from './free-paths.ts'

describe('what costs nothing', () => {
  it.each([
    ['GET', '/v1/chat/completions', 'openai'],
    ['DELETE', '/v1/anything', 'openai'],
    ['POST', '/v1/files', 'openai'],
    ['POST', '//v1/%66iles/', 'openai'],
    ['POST', '/v1/uploads/upload_1/parts', 'openai'],
    ['POST', '/v1/batches/batch_1/cancel', 'openai'],
    ['POST', '/v1/messages/batches/msgbatch_1/cancel', 'anthropic'],
    ['POST', '/v1/messages/count_tokens', 'anthropic'],
    ['POST', '/v1/responses/input_tokens', 'openai'],
    ['POST', '/v1/conversations', 'openai'],
    ['POST', '/v1/threads/thread_1/messages', 'openai'],
    ['POST', '/v1beta/models/gemini-2.5-flash:countTokens', 'gcp.gemini'],
    ['POST', '/upload/v1beta/files', 'gcp.gemini'],
    ['POST', '/model/us.amazon.nova-lite-v1/count-tokens', 'aws.bedrock'],
    ['POST', '/tokenize', undefined],
    ['POST', '/api/show', 'ollama'],
  ])('%s %s of %s', (method, path, provider) => expect(isFree(method, path, provider, {})).toBe(true))

  it.each([
    ['POST', '/v1/batches', 'openai'],
    ['POST', '/v1/messages/batches', 'anthropic'],
    ['POST', '/v1beta/models/gemini-2.5-flash:batchGenerateContent', 'gcp.gemini'],
    ['POST', '/v1/realtime/client_secrets', 'openai'],
    ['POST', '/v1/fine_tuning/jobs', 'openai'],
    ['POST', '/v1/vector_stores/vs_1/files', 'openai'],
    ['POST', '/v1/threads/thread_1/runs', 'openai'],
    ['POST', '/v1/conversations', 'mistral_ai'],
    ['POST', '/V1/Chat/Completions', 'azure.ai.openai'],
    ['POST', '/v1/chat/completions;/files', 'openai'],
    ['POST', '/v1/chat/completions%3F/files', 'openai'],
    ['POST', '/v1/chat%2Fcompletions%23/files', 'openai'],
    ['PUT', '/v1/chat/completions', 'openai'],
    ['PROPFIND', '/v1/chat/completions', 'openai'],
    ['POST', '', 'openai'],
  ])('is not known of %s %s of %s', (method, path, provider) => expect(isFree(method, path, provider, {})).toBe(false))

  it('is not known of a method that says it is another', () => {
    expect(isFree('GET', '/v1beta/models/x:generateContent', 'gcp.gemini', { 'x-http-method-override': 'POST' })).toBe(
      false,
    )
  })
})
