import { type Handler, json } from '../route.ts'

/** `GET /api/v1/settings`: every configuration value with where it came from, secrets left out, and what the data takes. */
export const settings: Handler = async ({ app }) => {
  const { about } = app
  const upkeep = about.upkeep?.()
  return json({
    configuration: about.configuration === undefined ? null : about.configuration,
    data_dir: (await about.dataDir?.()) ?? null,
    upkeep:
      upkeep === undefined
        ? null
        : { at_ms: upkeep.atMs, events_dropped: upkeep.eventsDropped, problem: upkeep.problem ?? null },
  })
}
