/** A model as the load uses it. */
export interface WorkloadModel {
  readonly provider: string
  readonly model: string
  readonly task: 'chat' | 'reasoning' | 'embedding'
  /** Tokens of output a second. */
  readonly speed: number
}

const row = (provider: string, model: string, task: WorkloadModel['task'], speed: number): WorkloadModel => ({
  provider,
  model,
  task,
  speed,
})

/** The commonest first. One of them has no price. */
const MODELS: readonly WorkloadModel[] = [
  row('openai', 'gpt-4o-mini', 'chat', 90),
  row('anthropic', 'claude-sonnet-4-5', 'chat', 70),
  row('openai', 'gpt-4o', 'chat', 80),
  row('google', 'gemini-2.5-flash', 'chat', 180),
  row('anthropic', 'claude-haiku-4-5', 'chat', 140),
  row('openai', 'gpt-5-mini', 'reasoning', 100),
  row('openai', 'text-embedding-3-small', 'embedding', 1),
  row('openai', 'gpt-5', 'reasoning', 60),
  row('google', 'gemini-2.5-pro', 'reasoning', 110),
  row('openai', 'gpt-4.1', 'chat', 80),
  row('openai', 'gpt-4.1-mini', 'chat', 100),
  row('anthropic', 'claude-opus-4-5', 'chat', 45),
  row('deepseek', 'deepseek-chat', 'chat', 40),
  row('mistral', 'mistral-large-latest', 'chat', 60),
  row('groq', 'llama-3.3-70b-versatile', 'chat', 280),
  row('openai', 'o4-mini', 'reasoning', 110),
  row('openai', 'o3', 'reasoning', 80),
  row('google', 'gemini-2.5-flash-lite', 'chat', 260),
  row('openai', 'gpt-4.1-nano', 'chat', 150),
  row('anthropic', 'claude-sonnet-4-0', 'chat', 65),
  row('mistral', 'codestral-latest', 'chat', 120),
  row('x-ai', 'grok-4', 'reasoning', 70),
  row('openai', 'gpt-5-nano', 'reasoning', 140),
  row('deepseek', 'deepseek-reasoner', 'reasoning', 35),
  row('groq', 'llama-3.1-8b-instant', 'chat', 560),
  row('cohere', 'command-a-03-2025', 'chat', 75),
  row('example', 'house-model-1', 'chat', 50),
  row('google', 'gemini-2.0-flash', 'chat', 170),
  row('anthropic', 'claude-opus-4-1', 'chat', 40),
  row('openai', 'text-embedding-3-large', 'embedding', 1),
  row('perplexity', 'sonar-pro', 'chat', 70),
  row('x-ai', 'grok-code-fast-1', 'reasoning', 130),
  row('mistral', 'mistral-small-latest', 'chat', 110),
  row('openai', 'gpt-5-codex', 'reasoning', 70),
  row('groq', 'openai/gpt-oss-120b', 'reasoning', 420),
  row('openai', 'o3-mini', 'reasoning', 120),
  row('google', 'gemini-embedding-001', 'embedding', 1),
  row('cohere', 'command-r7b-12-2024', 'chat', 160),
  row('x-ai', 'grok-3-mini', 'reasoning', 130),
  row('openai', 'gpt-3.5-turbo', 'chat', 90),
]

/** So many of them; beyond those that have names, made-up ones. */
export function workloadModels(count: number): readonly WorkloadModel[] {
  return Array.from(
    { length: count },
    (_, index) => MODELS[index] ?? row('example', `house-model-${index - MODELS.length + 2}`, 'chat', 50),
  )
}
