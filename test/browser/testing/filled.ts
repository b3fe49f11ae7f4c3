import { fillFrom, type Tallystick, workload } from 'tallystick'

const DAY = 86_400_000
const MINUTE = 60_000

/** How much there is to see. */
export interface Filling {
  /** The load ends here, ms since 1970 UTC. */
  readonly toMs: number
  /** Events of the year before. */
  readonly year: number
  /** Events of the last day. */
  readonly day: number
}

/** A year of forty models, a busy last day, and something of all that people tell a server. The same in every run. */
export async function fill(tallystick: Tallystick, { toMs, year, day }: Filling): Promise<void> {
  const who = { models: 40, agents: 60, users: 800 }
  await fillFrom(
    tallystick.ingest,
    workload({ events: year, fromMs: toMs - 365 * DAY, toMs: toMs - DAY, seed: 8, ...who }),
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
    ['Everybody', '400', 'soft', undefined, undefined],
    ['Agent one', '20', 'hard', 'agent_id', 'agent_1'],
    ['Research', '25', 'soft', 'tags.team', 'research'],
  ] as const)
    await tell('/api/v1/budgets', {
      name,
      amount_usd,
      mode,
      window: { kind: 'rolling', ms: 30 * DAY },
      ...(dimension === undefined ? {} : { subject: { dimension, value } }),
    })
  for (const kind of ['budget', 'spend_rate', 'error_rate']) await tell('/api/v1/alerts/rules', { kind })
  // What the providers are judged by: the last minutes.
  await tell(
    '/api/v1/events',
    Array.from({ length: Math.min(60, day) }, (_, index) => ({
      event_id: `lately-${index}`,
      timestamp_ms: toMs - (index * MINUTE) / 30,
      provider: ['openai', 'anthropic', 'google'][index % 3],
      model: ['gpt-4o', 'claude-sonnet-4-5', 'gemini-2.5-flash'][index % 3],
      agent_id: 'agent_1',
      input_tokens: 900,
      output_tokens: 200,
      duration_ms: 700 + 10 * index,
      ...(index % 3 === 1 && index % 2 === 0
        ? { success: false, status_code: 529, error_type: 'overloaded_error' }
        : {}),
    })),
  )
}
