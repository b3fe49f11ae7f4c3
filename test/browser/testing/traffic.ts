/** Events that are the same in every run: a small generator with a fixed seed stands for chance. */

const MODELS = [
  ['openai', 'gpt-4o'],
  ['openai', 'gpt-4o-mini'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-flash'],
  ['nobody', 'a-model-without-a-price'],
] as const
const AGENTS = ['support', 'research', 'coder', 'triage']

export type Sent = { readonly [name: string]: unknown }

/** `count` requests spread over `[fromMs, toMs)`: five models (one unpriced), four agents, some cached, some failed. */
export function traffic(count: number, fromMs: number, toMs: number, prefix = 'e'): Sent[] {
  let state = 7
  const chance = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(chance() * limit)
  return Array.from({ length: count }, (_, index) => {
    const [provider, model] = MODELS[Math.floor(chance() ** 2 * MODELS.length)] ?? MODELS[0]
    const input = 200 + below(12_000)
    const failed = chance() < 0.04
    return {
      event_id: `${prefix}${index}`,
      timestamp_ms: fromMs + Math.floor(((toMs - fromMs) * index) / count),
      kind: failed ? 'llm_request_failed' : 'llm_request_completed',
      provider,
      model,
      agent_id: AGENTS[below(AGENTS.length)],
      success: !failed,
      status_code: failed ? 429 : 200,
      ...(failed ? { error_type: 'rate_limit_exceeded' } : {}),
      input_tokens: input,
      cache_read_tokens: chance() < 0.5 ? below(input) : 0,
      output_tokens: 20 + below(900),
      duration_ms: 150 + below(6_000),
      tags: { team: index % 2 === 0 ? 'search' : 'ads' },
    }
  })
}

/** Strings that would run, load or break out somewhere if any of them were taken for markup. */
export const HOSTILE: readonly string[] = [
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '</script><script>alert(1)</script>',
  '"><iframe src="javascript:alert(1)">',
  "'-alert(1)-'",
  '{{constructor.constructor("alert(1)")()}}',
  '#{alert(1)}',
  'javascript:alert(1)',
  '<a href="data:text/html,<script>alert(1)</script>">x</a>',
  '__proto__',
  'constructor',
  '=HYPERLINK("http://example.invalid")',
  '\u2028alert(1)\u2029',
  '\u202Egnp.tpircs',
]
