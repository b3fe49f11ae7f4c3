import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about the health of providers. */

const STATE: Schema = { type: 'string', enum: ['available', 'degraded', 'down', 'unknown'] }

const COUNTS = {
  requests: integer('Requests that tell of the provider: not those that a caller spoiled or a cache answered.'),
  failures: integer('Of these, failed for no fault of the caller.'),
  overloads: integer('Of these, refused for load: 429 and the like.'),
}

export const PROVIDER_HEALTH_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'The state of each provider, by what became of the requests that ended lately; docs/health.md has the thresholds. Counts are of the window. States and their changes are held in memory: after a start they are told from the requests of the minutes before. Whoever sees a tenant is told of its requests; whoever sees some agents, of theirs, as of now.',
  answers: {
    200: jsonAnswer(
      'Providers by name',
      object({
        now_ms: integer(),
        window_ms: integer('How far back the counts reach.'),
        whole: flag('False when more providers were named of late than are watched.'),
        providers: array(
          object({
            provider: text(),
            state: STATE,
            since_ms: integer('Since when.'),
            last_ms: orNull(integer('When the last request that tells of it ended.')),
            ...COUNTS,
            duration_ms_p95: orNull(integer('Of the requests that were answered.')),
            changes: array(
              object({ at_ms: integer(), from: STATE, to: STATE, ...COUNTS }),
              'The latest changes of its state, oldest first, each with what it was judged by.',
            ),
          }),
        ),
      }),
      {
        now_ms: 1_795_262_490_000,
        window_ms: 300_000,
        whole: true,
        providers: [
          {
            provider: 'openai',
            state: 'down',
            since_ms: 1_795_262_400_000,
            last_ms: 1_795_262_489_200,
            requests: 420,
            failures: 311,
            overloads: 4,
            duration_ms_p95: 2_336,
            changes: [
              { at_ms: 1_795_258_800_000, from: 'unknown', to: 'available', requests: 1, failures: 0, overloads: 0 },
              {
                at_ms: 1_795_262_370_000,
                from: 'available',
                to: 'degraded',
                requests: 161,
                failures: 17,
                overloads: 0,
              },
              { at_ms: 1_795_262_400_000, from: 'degraded', to: 'down', requests: 170, failures: 86, overloads: 1 },
            ],
          },
        ],
      },
    ),
  },
}
