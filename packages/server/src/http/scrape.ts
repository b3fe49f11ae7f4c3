import { CONTENT_TYPES, type MetricNames, negotiateFormat } from '@tallystick/core/metrics'
import type { Scrape, ServerMetrics } from '../metrics/server-metrics.ts'

/** A scrape as it goes out. */
export interface ScrapeAnswer {
  readonly type: string
  readonly body: string
}

/**
 * @param parameters checked against the route's description
 * @throws TallystickError as {@link ServerMetrics.scrape}
 */
export async function scrapeAnswer(
  metrics: ServerMetrics,
  what: Pick<Scrape, 'share' | 'operation'>,
  parameters: URLSearchParams,
  accept: string | undefined,
): Promise<ScrapeAnswer> {
  const format = negotiateFormat(accept)
  const names = (parameters.get('names') ?? undefined) as MetricNames | undefined
  return { type: CONTENT_TYPES[format], body: await metrics.scrape({ ...what, names, format }) }
}
