import { fillFrom, type Tallystick, workload } from 'tallystick'

const DAY = 86_400_000
const MINUTE = 60_000

/** How much there is to see. */
export interface Filling {
  /** The load ends here, ms since 1970 UTC. */
  readonly toMs: number
  /** Events of the year before. */
  readonly year: number
  /** Events of the week before the last day; beside those of the year. */
  readonly week?: number
  /** Events of the last day. */
  readonly day: number
}

/** A year of forty models, a busy last day, and something of all that people tell a server. The same in every run. */
export async function fill(tallystick: Tallystick, { toMs, year, week = 0, day }: Filling): Promise<void> {
  const who = { models: 40, agents: 60, users: 800 }
  await fillFrom(
    tallystick.ingest,
    workload({ events: year, fromMs: toMs - 365 * DAY, toMs: toMs - DAY, seed: 8, ...who }),
  )
  if (week > 0)
    await fillFrom(
      tallystick.ingest,
      workload({ events: week, fromMs: toMs - 8 * DAY, toMs: toMs - DAY, seed: 10, ...who }),
    )
  await fillFrom(tallystick.ingest, workload({ events: day, fromMs: toMs - DAY, toMs, seed: 9, ...who }))
  const tell = async (path: string, body: object): Promise<void> => {
    const request = new Request(`http://localhost${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = await tallystick.fetch(request, { trusted: true })
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
  }
  for (const [name, amount_usd, mode, dimension, value] of [
    ['Everybody', '15', 'soft', undefined, undefined],
    ['Agent two', '2.40', 'hard', 'agent_id', 'agent_2'],
    ['Research', '3', 'soft', 'tags.team', 'research'],
  ] as const)
    await tell('/api/v1/budgets', {
      name,
      amount_usd,
      mode,
      window: { kind: 'rolling', ms: 30 * DAY },
      ...(dimension === undefined ? {} : { subject: { dimension, value } }),
    })
  for (const kind of ['budget', 'spend_rate', 'error_rate']) await tell('/api/v1/alerts/rules', { kind })
}

/**
 * The last hour of three providers, one of which went down and came back. They are judged as time passes, so it must pass.
 *
 * @param go moves the clock of the server to so many ms before `toMs`; without it all are judged as of now
 */
export async function lastHour(
  tallystick: Tallystick,
  toMs: number,
  go: (agoMs: number) => void = () => {},
): Promise<void> {
  for (let minute = 59; minute >= 0; minute--) {
    go(minute * MINUTE)
    const items = PROVIDERS.flatMap(([provider, model, many]) =>
      Array.from({ length: many }, (_, index) => {
        const down = provider === 'anthropic' && minute > 30 && minute < 39
        const busy = provider === 'anthropic' && minute < 12 && index === 0
        return {
          event_id: `lately-${provider}-${minute}-${index}`,
          timestamp_ms: toMs - minute * MINUTE - 900 * index,
          provider,
          model,
          agent_id: 'agent_1',
          input_tokens: 900 + 40 * index,
          output_tokens: 200,
          duration_ms: 700 + 90 * index + 10 * minute,
          ...(down ? { success: false, status_code: 503, error_type: 'server_error' } : {}),
          ...(busy ? { success: false, status_code: 529, error_type: 'overloaded_error' } : {}),
        }
      }),
    )
    await tallystick.ingest.submit({ items, door: 'native' })
    tallystick.providers.list(undefined)
  }
}

const PROVIDERS = [
  ['openai', 'gpt-4o', 3],
  ['anthropic', 'claude-sonnet-4-5', 2],
  ['google', 'gemini-2.5-flash', 2],
] as const
