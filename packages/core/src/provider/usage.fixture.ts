import type { UsageFields } from './normalized.ts'

/** Answers as the providers' APIs document or send them, and what each amounts to. */
export interface UsageCase {
  readonly name: string
  readonly provider: string | undefined
  readonly body: unknown
  readonly expected: UsageFields | undefined
  readonly anomalies?: readonly string[]
}

export const USAGE_CASES: readonly UsageCase[] = [
  {
    name: 'OpenAI chat, whole answer with cached and reasoning tokens',
    provider: 'openai',
    body: {
      object: 'chat.completion',
      model: 'gpt-4o-2024-08-06',
      service_tier: 'default',
      choices: [{ index: 0, finish_reason: 'stop', message: {} }],
      usage: {
        prompt_tokens: 12,
        completion_tokens: 8,
        total_tokens: 20,
        prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
        completion_tokens_details: {
          reasoning_tokens: 2,
          audio_tokens: 0,
          accepted_prediction_tokens: 0,
          rejected_prediction_tokens: 0,
        },
      },
    },
    expected: {
      inputTokens: 12,
      outputTokens: 8,
      cacheReadTokens: 4,
      reasoningTokens: 2,
      inputAudioTokens: 0,
      outputAudioTokens: 0,
      serviceTier: 'default',
      responseModel: 'gpt-4o-2024-08-06',
      finishReason: 'stop',
    },
  },
  {
    name: 'OpenAI chat, last chunk of a stream',
    provider: 'openai',
    body: {
      object: 'chat.completion.chunk',
      model: 'gpt-4o',
      choices: [],
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    },
    expected: { inputTokens: 9, outputTokens: 3, responseModel: 'gpt-4o' },
  },
  {
    name: 'OpenAI chat, a chunk before the last has no usage',
    provider: 'openai',
    body: { object: 'chat.completion.chunk', model: 'gpt-4o', choices: [{ delta: { content: 'x' } }], usage: null },
    expected: undefined,
  },
  {
    name: 'OpenAI chat, cache writes and audio',
    provider: 'openai',
    body: {
      usage: {
        prompt_tokens: 2_000,
        completion_tokens: 300,
        prompt_tokens_details: { cached_tokens: 1_024, cache_write_tokens: 512, audio_tokens: 100 },
        completion_tokens_details: { audio_tokens: 250 },
      },
    },
    expected: {
      inputTokens: 2_000,
      outputTokens: 300,
      cacheReadTokens: 1_024,
      cacheWriteTokens: 512,
      inputAudioTokens: 100,
      outputAudioTokens: 250,
    },
  },
  {
    name: 'OpenAI chat, details that are null',
    provider: 'openai',
    body: {
      usage: { prompt_tokens: 5, completion_tokens: 6, prompt_tokens_details: null, completion_tokens_details: null },
    },
    expected: { inputTokens: 5, outputTokens: 6 },
  },
  {
    name: 'OpenAI chat, prompt_tokens null falls back to input_tokens',
    provider: 'openai',
    body: { usage: { prompt_tokens: null, input_tokens: 7, completion_tokens: null, output_tokens: 2 } },
    expected: { inputTokens: 7, outputTokens: 2 },
  },
  {
    name: 'OpenAI embeddings, no output',
    provider: 'openai',
    body: { object: 'list', model: 'text-embedding-3-small', usage: { prompt_tokens: 8, total_tokens: 8 } },
    expected: { inputTokens: 8, responseModel: 'text-embedding-3-small' },
  },
  {
    name: 'OpenAI images, streamed: output is image tokens',
    provider: 'openai',
    body: {
      type: 'image_generation.completed',
      usage: {
        input_tokens: 50,
        output_tokens: 1_056,
        total_tokens: 1_106,
        input_tokens_details: { text_tokens: 10, image_tokens: 40 },
      },
    },
    expected: { inputTokens: 50, outputTokens: 1_056, inputImageTokens: 40, outputImageTokens: 1_056 },
  },
  {
    name: 'OpenAI images, whole, with text in the output',
    provider: 'azure',
    body: {
      created: 1,
      data: [{}],
      usage: {
        input_tokens: 50,
        output_tokens: 1_100,
        total_tokens: 1_150,
        input_tokens_details: { text_tokens: 50, image_tokens: 0 },
        output_tokens_details: { text_tokens: 100, image_tokens: 1_000 },
      },
    },
    expected: { inputTokens: 50, outputTokens: 1_100, inputImageTokens: 0, outputImageTokens: 1_000 },
  },
  {
    name: 'OpenAI transcription, billed by tokens',
    provider: 'openai',
    body: {
      text: 'x',
      usage: {
        type: 'tokens',
        input_tokens: 14,
        output_tokens: 45,
        total_tokens: 59,
        input_token_details: { text_tokens: 4, audio_tokens: 10 },
      },
    },
    expected: { inputTokens: 14, outputTokens: 45, inputAudioTokens: 10 },
  },
  {
    name: 'OpenAI transcription, tokens without their details',
    provider: undefined,
    body: { usage: { type: 'tokens', input_tokens: 14, output_tokens: 45, total_tokens: 59 } },
    expected: { inputTokens: 14, outputTokens: 45 },
  },
  {
    name: 'OpenAI transcription, billed by the begun second: tokens unknown',
    provider: 'openai',
    body: { text: 'x', usage: { type: 'duration', seconds: 8.47 } },
    expected: { units: { audio_seconds: 9 } },
  },
  {
    name: 'OpenAI transcription, a length that cannot be',
    provider: 'openai',
    body: { usage: { type: 'duration', seconds: -1 } },
    expected: undefined,
  },
  {
    name: 'OpenAI speech, streamed',
    provider: 'openai',
    body: { type: 'speech.audio.done', usage: { input_tokens: 14, output_tokens: 101, total_tokens: 115 } },
    expected: { inputTokens: 14, outputTokens: 101 },
  },
  {
    name: 'OpenAI responses, cached and reasoning',
    provider: 'openai',
    body: {
      object: 'response',
      status: 'completed',
      model: 'o3-2025-04-16',
      service_tier: 'flex',
      usage: {
        input_tokens: 30,
        input_tokens_details: { cached_tokens: 6 },
        output_tokens: 10,
        output_tokens_details: { reasoning_tokens: 1 },
        total_tokens: 40,
      },
    },
    expected: {
      inputTokens: 30,
      outputTokens: 10,
      cacheReadTokens: 6,
      reasoningTokens: 1,
      serviceTier: 'flex',
      responseModel: 'o3-2025-04-16',
      finishReason: 'completed',
    },
  },
  {
    name: 'OpenAI responses, completed event of a stream',
    provider: 'openai',
    body: {
      type: 'response.completed',
      response: {
        model: 'gpt-5',
        status: 'completed',
        usage: { input_tokens: 11, output_tokens: 22, input_tokens_details: { cached_tokens: 0 } },
      },
    },
    expected: {
      inputTokens: 11,
      outputTokens: 22,
      cacheReadTokens: 0,
      responseModel: 'gpt-5',
      finishReason: 'completed',
    },
  },
  {
    name: 'OpenAI responses, cache writes of two lifetimes',
    provider: 'openai',
    body: {
      usage: {
        input_tokens: 5_000,
        input_tokens_details: {
          cached_tokens: 1_000,
          cache_write_tokens: 3_000,
          cache_write_tokens_details: { ttl_30m_tokens: 1_000, ttl_12h_tokens: 2_000 },
        },
        output_tokens: 100,
      },
    },
    expected: {
      inputTokens: 5_000,
      outputTokens: 100,
      cacheReadTokens: 1_000,
      cacheWriteTokens: 1_000,
      cacheWrite1hTokens: 2_000,
    },
  },
  {
    name: 'Azure OpenAI counts as OpenAI does',
    provider: 'azure',
    body: {
      model: 'gpt-4o-2024-11-20',
      usage: { prompt_tokens: 100, completion_tokens: 10, prompt_tokens_details: { cached_tokens: 64 } },
    },
    expected: { inputTokens: 100, outputTokens: 10, cacheReadTokens: 64, responseModel: 'gpt-4o-2024-11-20' },
  },
  {
    name: 'Anthropic, plain',
    provider: 'anthropic',
    body: {
      type: 'message',
      model: 'claude-3-5-sonnet-20241022',
      stop_reason: 'end_turn',
      usage: { input_tokens: 25, output_tokens: 150 },
    },
    expected: {
      inputTokens: 25,
      outputTokens: 150,
      responseModel: 'claude-3-5-sonnet-20241022',
      finishReason: 'end_turn',
    },
  },
  {
    name: 'Anthropic, cache read and writes of both lifetimes',
    provider: 'anthropic',
    body: {
      model: 'claude-opus-4-5',
      usage: {
        input_tokens: 10,
        cache_creation_input_tokens: 300,
        cache_read_input_tokens: 2_000,
        cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
        output_tokens: 50,
        service_tier: 'standard',
      },
    },
    expected: {
      inputTokens: 2_310,
      outputTokens: 50,
      cacheReadTokens: 2_000,
      cacheWriteTokens: 100,
      cacheWrite1hTokens: 200,
      serviceTier: 'standard',
      responseModel: 'claude-opus-4-5',
    },
  },
  {
    name: 'Anthropic, cache writes without their split are of the short lifetime',
    provider: 'anthropic',
    body: { usage: { input_tokens: 10, cache_creation_input_tokens: 90, output_tokens: 1 } },
    expected: { inputTokens: 100, outputTokens: 1, cacheWriteTokens: 90 },
  },
  {
    name: 'Anthropic, thinking and web searches',
    provider: 'anthropic',
    body: {
      usage: {
        input_tokens: 40,
        output_tokens: 400,
        output_tokens_details: { thinking_tokens: 320 },
        server_tool_use: { web_search_requests: 2 },
      },
    },
    expected: { inputTokens: 40, outputTokens: 400, reasoningTokens: 320, units: { web_searches: 2 } },
  },
  {
    name: 'Anthropic, a compaction stands beside the totals, with its cache kinds',
    provider: 'anthropic',
    body: {
      model: 'claude-opus-4-6',
      usage: {
        input_tokens: 23_000,
        cache_read_input_tokens: 5,
        output_tokens: 1_000,
        output_tokens_details: { thinking_tokens: 300 },
        iterations: [
          {
            type: 'compaction',
            input_tokens: 100_000,
            cache_read_input_tokens: 70_000,
            cache_creation_input_tokens: 10_000,
            cache_creation: { ephemeral_5m_input_tokens: 4_000, ephemeral_1h_input_tokens: 6_000 },
            output_tokens: 3_500,
          },
          { type: 'message', model: null, input_tokens: 23_000, output_tokens: 1_000, cache_creation: null },
        ],
      },
    },
    expected: {
      inputTokens: 203_005,
      outputTokens: 4_500,
      cacheReadTokens: 70_005,
      cacheWriteTokens: 4_000,
      cacheWrite1hTokens: 6_000,
      reasoningTokens: 300,
      responseModel: 'claude-opus-4-6',
    },
  },
  {
    name: 'Anthropic, turns of a loop of tools are within the totals',
    provider: 'anthropic',
    body: {
      model: 'claude-opus-4-6',
      usage: {
        input_tokens: 30,
        output_tokens: 3,
        iterations: [
          { type: 'message', model: 'claude-opus-4-6', input_tokens: 10, output_tokens: 1 },
          { type: 'message', model: 'claude-opus-4-6-20260205', input_tokens: 20, output_tokens: 2 },
        ],
      },
    },
    expected: { inputTokens: 30, outputTokens: 3, responseModel: 'claude-opus-4-6' },
  },
  {
    name: 'Anthropic, advice of another model has another price: left out, and told',
    provider: 'anthropic',
    body: {
      model: 'claude-sonnet-4-6',
      usage: {
        input_tokens: 412,
        output_tokens: 531,
        iterations: [
          { type: 'message', model: 'claude-sonnet-4-6', input_tokens: 412, output_tokens: 531 },
          { type: 'advisor_message', model: 'claude-opus-4-6', input_tokens: 823, output_tokens: 1_612 },
        ],
      },
    },
    expected: { inputTokens: 412, outputTokens: 531, responseModel: 'claude-sonnet-4-6' },
    anomalies: ['advice of another model is left out'],
  },
  {
    name: 'Anthropic, advice of the same model has the same price',
    provider: 'anthropic',
    body: {
      model: 'claude-opus-4-6',
      usage: {
        input_tokens: 412,
        output_tokens: 531,
        iterations: [{ type: 'advisor_message', model: 'claude-opus-4-6', input_tokens: 823, output_tokens: 1_612 }],
      },
    },
    expected: { inputTokens: 1_235, outputTokens: 2_143, responseModel: 'claude-opus-4-6' },
  },
  {
    name: 'Anthropic, advice where nobody knows which model answered',
    provider: 'anthropic',
    body: {
      usage: {
        input_tokens: 412,
        output_tokens: 531,
        iterations: [{ type: 'advisor_message', model: 'claude-opus-4-6', input_tokens: 823, output_tokens: 1_612 }],
      },
    },
    expected: { inputTokens: 412, outputTokens: 531 },
    anomalies: ['advice of another model is left out'],
  },
  {
    name: 'Anthropic, another model went on where the first declined at once',
    provider: 'anthropic',
    body: {
      model: 'claude-fable-5',
      usage: {
        input_tokens: 412,
        output_tokens: 264,
        iterations: [
          { type: 'message', model: 'claude-fable-5', input_tokens: 412, output_tokens: 0 },
          { type: 'fallback_message', model: 'claude-opus-4-8', input_tokens: 412, output_tokens: 264 },
        ],
      },
    },
    expected: { inputTokens: 412, outputTokens: 264, responseModel: 'claude-opus-4-8' },
  },
  {
    name: 'Anthropic, another model went on where the first had begun; a compaction may be of either; turns of the future',
    provider: 'anthropic',
    body: {
      model: 'claude-fable-5',
      usage: {
        input_tokens: 412,
        output_tokens: 264,
        iterations: [
          { type: 'compaction', input_tokens: 100, output_tokens: 10 },
          { type: 'message', model: 'claude-fable-5', input_tokens: 412, output_tokens: 9 },
          { type: 'fallback_message', model: 'claude-opus-4-8', input_tokens: 412, output_tokens: 264 },
          { type: 'dream', input_tokens: 1, output_tokens: 1 },
        ],
      },
    },
    expected: { inputTokens: 512, outputTokens: 274, responseModel: 'claude-opus-4-8' },
    anomalies: [
      'a compaction may be of another model',
      'a turn is of another model',
      'a turn is of a type that is not known',
    ],
  },
  {
    name: 'Anthropic, turns that are none',
    provider: 'anthropic',
    body: { usage: { input_tokens: 4, output_tokens: 2, iterations: { length: 1 } } },
    expected: { inputTokens: 4, outputTokens: 2 },
  },
  {
    name: 'Anthropic, message_start of a stream',
    provider: 'anthropic',
    body: {
      type: 'message_start',
      message: { model: 'claude-haiku-4-5', usage: { input_tokens: 9, cache_read_input_tokens: 1, output_tokens: 1 } },
    },
    expected: { inputTokens: 10, outputTokens: 1, cacheReadTokens: 1, responseModel: 'claude-haiku-4-5' },
  },
  {
    name: 'Gemini, thoughts outside the candidates',
    provider: 'gemini',
    body: {
      modelVersion: 'gemini-2.5-pro',
      candidates: [{ finishReason: 'STOP' }],
      usageMetadata: {
        promptTokenCount: 20,
        cachedContentTokenCount: 5,
        candidatesTokenCount: 30,
        thoughtsTokenCount: 70,
        totalTokenCount: 120,
      },
    },
    expected: {
      inputTokens: 20,
      cacheReadTokens: 5,
      outputTokens: 100,
      reasoningTokens: 70,
      responseModel: 'gemini-2.5-pro',
      finishReason: 'STOP',
    },
  },
  {
    name: 'Gemini, tool results beside the prompt',
    provider: 'google',
    body: {
      usageMetadata: {
        promptTokenCount: 20,
        toolUsePromptTokenCount: 15,
        candidatesTokenCount: 5,
        totalTokenCount: 40,
      },
    },
    expected: { inputTokens: 35, outputTokens: 5 },
  },
  {
    name: 'Gemini, audio and image input',
    provider: 'gcp.gemini',
    body: {
      usageMetadata: {
        promptTokenCount: 300,
        candidatesTokenCount: 10,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 50 },
          { modality: 'IMAGE', tokenCount: 200 },
          { modality: 'AUDIO', tokenCount: 50 },
        ],
      },
    },
    expected: { inputTokens: 300, outputTokens: 10, inputAudioTokens: 50, inputImageTokens: 200 },
  },
  {
    name: 'Gemini, blocked prompt has no candidates',
    provider: 'gcp.gemini',
    body: { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 } },
    expected: { inputTokens: 7 },
  },
  {
    name: 'Bedrock Converse, cached tokens beside the input',
    provider: 'bedrock',
    body: {
      stopReason: 'end_turn',
      usage: {
        inputTokens: 10,
        outputTokens: 5,
        totalTokens: 115,
        cacheReadInputTokens: 90,
        cacheWriteInputTokens: 10,
      },
    },
    expected: {
      inputTokens: 110,
      outputTokens: 5,
      cacheReadTokens: 90,
      cacheWriteTokens: 10,
      finishReason: 'end_turn',
    },
  },
  {
    name: 'Bedrock Converse stream, metadata event with lifetimes',
    provider: 'aws.bedrock',
    body: {
      metadata: {
        usage: {
          inputTokens: 4,
          outputTokens: 2,
          cacheWriteInputTokens: 100,
          cacheDetails: [
            { ttl: '5m', inputTokens: 30 },
            { ttl: '1h', inputTokens: 70 },
          ],
        },
      },
    },
    expected: { inputTokens: 104, outputTokens: 2, cacheWriteTokens: 30, cacheWrite1hTokens: 70 },
  },
  {
    name: 'Mistral, cached tokens at the top',
    provider: 'mistral',
    body: {
      model: 'mistral-large-2411',
      usage: { prompt_tokens: 50, completion_tokens: 20, total_tokens: 70, num_cached_tokens: 16 },
    },
    expected: { inputTokens: 50, outputTokens: 20, cacheReadTokens: 16, responseModel: 'mistral-large-2411' },
  },
  {
    name: 'DeepSeek, hits and misses',
    provider: 'deepseek',
    body: {
      usage: {
        prompt_tokens: 100,
        prompt_cache_hit_tokens: 64,
        prompt_cache_miss_tokens: 36,
        completion_tokens: 40,
        completion_tokens_details: { reasoning_tokens: 30 },
      },
    },
    expected: { inputTokens: 100, outputTokens: 40, cacheReadTokens: 64, reasoningTokens: 30 },
  },
  {
    name: 'DeepSeek, only hits and misses',
    provider: 'deepseek',
    body: { usage: { prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 36, completion_tokens: 1 } },
    expected: { inputTokens: 100, outputTokens: 1, cacheReadTokens: 64 },
  },
  {
    name: 'xAI chat, reasoning beside the completion',
    provider: 'xai',
    body: {
      usage: {
        prompt_tokens: 30,
        completion_tokens: 10,
        completion_tokens_details: { reasoning_tokens: 200 },
        prompt_tokens_details: { cached_tokens: 8 },
      },
    },
    expected: { inputTokens: 30, outputTokens: 210, reasoningTokens: 200, cacheReadTokens: 8 },
  },
  {
    name: 'xAI chat, cached tokens beside the prompt, with its cost',
    provider: 'x_ai',
    body: {
      usage: {
        prompt_tokens: 5,
        completion_tokens: 1,
        prompt_tokens_details: { cached_tokens: 20 },
        cost_in_usd_ticks: 158_500,
      },
    },
    expected: { inputTokens: 25, outputTokens: 1, cacheReadTokens: 20, costReportedNanoUsd: 15_850 },
  },
  {
    name: 'xAI responses, reasoning within the output',
    provider: 'x_ai',
    body: {
      object: 'response',
      usage: { input_tokens: 30, output_tokens: 210, output_tokens_details: { reasoning_tokens: 200 } },
    },
    expected: { inputTokens: 30, outputTokens: 210, reasoningTokens: 200 },
  },
  {
    name: 'Groq, whole answer',
    provider: 'groq',
    body: {
      usage: {
        queue_time: 0.01,
        prompt_tokens: 18,
        prompt_time: 0.001,
        completion_tokens: 9,
        completion_time: 0.02,
        total_tokens: 27,
      },
    },
    expected: { inputTokens: 18, outputTokens: 9 },
  },
  {
    name: 'Groq, last chunk of a stream',
    provider: 'groq',
    body: {
      choices: [{ finish_reason: 'stop' }],
      x_groq: { id: 'req', usage: { prompt_tokens: 18, completion_tokens: 9 } },
    },
    expected: { inputTokens: 18, outputTokens: 9 },
  },
  {
    name: 'Cohere v2, billed units count',
    provider: 'cohere',
    body: {
      finish_reason: 'COMPLETE',
      usage: { billed_units: { input_tokens: 5, output_tokens: 7 }, tokens: { input_tokens: 71, output_tokens: 7 } },
    },
    expected: { inputTokens: 5, outputTokens: 7, finishReason: 'COMPLETE' },
  },
  {
    name: 'Cohere v2, rerank bills searches',
    provider: 'cohere',
    body: { meta: { billed_units: { search_units: 1 } } },
    expected: { units: { search_units: 1 } },
  },
  {
    name: 'OpenRouter, its cost is kept',
    provider: 'openrouter',
    body: {
      model: 'anthropic/claude-sonnet-4.5',
      usage: { prompt_tokens: 14, completion_tokens: 2, cost: 0.000072, is_byok: false },
    },
    expected: {
      inputTokens: 14,
      outputTokens: 2,
      costReportedNanoUsd: 72_000,
      responseModel: 'anthropic/claude-sonnet-4.5',
    },
  },
  {
    name: 'OpenRouter with the own key: the fee is not the cost',
    provider: 'openrouter',
    body: { usage: { prompt_tokens: 14, completion_tokens: 2, cost: 0.0000036, is_byok: true } },
    expected: { inputTokens: 14, outputTokens: 2 },
  },
  {
    name: 'Ollama, last line',
    provider: 'ollama',
    body: {
      model: 'llama3.2',
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 26,
      eval_count: 298,
      total_duration: 5_191_566_416,
    },
    expected: { inputTokens: 26, outputTokens: 298, responseModel: 'llama3.2', finishReason: 'stop' },
  },
  {
    name: 'Ollama, prompt cached whole: input unknown',
    provider: 'ollama',
    body: { model: 'llama3.2', eval_count: 4 },
    expected: { outputTokens: 4, responseModel: 'llama3.2' },
  },
  {
    name: 'unknown provider with OpenAI shape',
    provider: 'my-vllm',
    body: { model: 'qwen', usage: { prompt_tokens: 3, completion_tokens: 4 } },
    expected: { inputTokens: 3, outputTokens: 4, responseModel: 'qwen' },
  },
  {
    name: 'no provider, Anthropic shape by its cache members',
    provider: undefined,
    body: { usage: { input_tokens: 3, cache_read_input_tokens: 7, output_tokens: 4 } },
    expected: { inputTokens: 10, outputTokens: 4, cacheReadTokens: 7 },
  },
  {
    name: 'no provider, Gemini shape',
    provider: undefined,
    body: { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 } },
    expected: { inputTokens: 3, outputTokens: 4 },
  },
  {
    name: 'no provider, Bedrock shape',
    provider: undefined,
    body: { usage: { inputTokens: 3, outputTokens: 4, cacheReadInputTokens: 2 } },
    expected: { inputTokens: 5, outputTokens: 4, cacheReadTokens: 2 },
  },
  {
    name: 'only a total',
    provider: undefined,
    body: { usage: { total_tokens: 77 } },
    expected: { totalTokens: 77 },
  },
  {
    name: 'digits as text are read',
    provider: 'openai',
    body: { usage: { prompt_tokens: '12', completion_tokens: '8' } },
    expected: { inputTokens: 12, outputTokens: 8 },
  },
  {
    name: 'a cached count above its total is cut and reported',
    provider: 'openai',
    body: { usage: { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 11 } } },
    expected: { inputTokens: 10, outputTokens: 1, cacheReadTokens: 10 },
    anomalies: ['cacheReadTokens exceeds what is left of inputTokens'],
  },
  {
    name: 'a negative and a fractional count are left out and reported',
    provider: 'openai',
    body: { usage: { prompt_tokens: -1, completion_tokens: 1.5, total_tokens: 9 } },
    expected: { totalTokens: 9 },
    anomalies: ['prompt_tokens is not a whole number', 'completion_tokens is not a whole number'],
  },
  {
    name: 'an error answer',
    provider: 'openai',
    body: { error: { message: 'no', type: 'rate_limit' } },
    expected: undefined,
  },
  { name: 'nothing', provider: 'anthropic', body: null, expected: undefined },
]
