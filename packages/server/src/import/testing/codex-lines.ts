/** Lines of a rollout in the shape of Codex. */
const START = Date.parse('2026-11-20T10:00:00.000Z')

const line = (type: string, payload: object, atMs: number): string =>
  JSON.stringify({ timestamp: new Date(START + atMs).toISOString(), type, payload })

/** Input (half of it cached), output (a fifth of it reasoning). */
export const usage = (input: number, output: number): object => ({
  input_tokens: input,
  cached_input_tokens: input / 2,
  output_tokens: output,
  reasoning_output_tokens: output / 5,
  total_tokens: input + output,
})

export const meta = (id: string, more: object = {}, atMs = 0): string =>
  line('session_meta', { id, cwd: '/home/dev/app/x', model_provider: 'openai', ...more }, atMs)

export const turn = (model: string, atMs = 1): string => line('turn_context', { model }, atMs)

export const record = (responseId: string, input: number, output: number, atMs: number): string =>
  line('token_usage_record', { response_id: responseId, thread_id: 't', usage: usage(input, output) }, atMs)

/** A running total, and what was used last unless that is left out as older versions did. */
export const count = (
  total: readonly [number, number],
  last: readonly [number, number] | undefined,
  atMs: number,
): string =>
  line(
    'event_msg',
    {
      type: 'token_count',
      info: { total_token_usage: usage(...total), ...(last === undefined ? {} : { last_token_usage: usage(...last) }) },
    },
    atMs,
  )
