import { dashboard } from './dashboard.mjs'
import { lines, stat } from './panel.mjs'

const YES = [
  {
    type: 'value',
    options: { 0: { text: 'no', color: 'red', index: 1 }, 1: { text: 'yes', color: 'green', index: 0 } },
  },
]
const rate = (by, series) => `sum by (${by}) (rate(${series}[$__rate_interval]))`
const quantiles = (family) =>
  [0.5, 0.95, 0.99].map((of) => ({
    expr: `histogram_quantile(${of}, sum by (le) (rate(${family}_bucket[$__rate_interval])))`,
    legend: `p${of * 100}`,
  }))

export const operation = dashboard({
  uid: 'tallystick-operation',
  title: 'Tallystick: itself',
  about: 'How the server does: what comes in and what becomes of it, its disk, its store and its process.',
  rows: [
    {
      height: 4,
      panels: [
        stat({
          title: 'Ready',
          about: 'Events can be kept and questions answered; /readyz says why not.',
          mappings: YES,
          queries: [{ expr: 'min(tallystick_ready)' }],
        }),
        stat({
          title: 'Journal can be written',
          about: 'No: the disk is full or fails.',
          mappings: YES,
          queries: [{ expr: 'min(tallystick_journal_writable)' }],
        }),
        stat({
          title: 'Events add up',
          about: 'Every event received is accounted for, as /api/v1/invariants says.',
          mappings: YES,
          queries: [{ expr: 'min(tallystick_invariants_balanced)' }],
        }),
        stat({
          title: 'Events held',
          about: 'By the store.',
          queries: [{ expr: 'sum(tallystick_store_events)' }],
        }),
        stat({
          title: 'Up for',
          about: 'Since the process started; counters of these dashboards began at 0 then.',
          unit: 's',
          queries: [{ expr: 'time() - max(process_start_time_seconds and on (job, instance) tallystick_build_info)' }],
        }),
        stat({
          title: 'Runs',
          about: 'Version and store.',
          textMode: 'name',
          queries: [{ expr: 'max by (version, store) (tallystick_build_info)', legend: '{{version}} {{store}}' }],
        }),
      ],
    },
    {
      name: 'Coming in',
      height: 8,
      panels: [
        lines({
          title: 'Events by outcome',
          about: 'Events a second, by what became of them.',
          queries: [{ expr: rate('outcome', 'tallystick_ingest_events_total'), legend: '{{outcome}}' }],
        }),
        lines({
          title: 'Refused events by code',
          about: 'Events a second; docs/errors.md has the codes.',
          queries: [{ expr: rate('code', 'tallystick_ingest_rejected_total'), legend: '{{code}}' }],
        }),
        lines({
          title: 'HTTP requests',
          about: 'Answered requests a second, by class of status.',
          unit: 'reqps',
          queries: [{ expr: rate('status', 'tallystick_http_requests_total'), legend: '{{status}}' }],
        }),
        lines({
          title: 'HTTP requests by route',
          about: 'The ten routes that are asked most.',
          unit: 'reqps',
          queries: [{ expr: `topk(10, ${rate('route', 'tallystick_http_requests_total')})`, legend: '{{route}}' }],
        }),
      ],
    },
    {
      name: 'Keeping',
      height: 8,
      panels: [
        lines({
          title: 'Time of a write to the disk',
          about: 'What an acknowledgement waits for.',
          unit: 's',
          queries: quantiles('tallystick_journal_fsync_duration_seconds'),
        }),
        lines({
          title: 'Events on their way',
          about: 'Written and not yet confirmed by the disk; accepted and not yet in the figures.',
          queries: [
            { expr: 'sum(tallystick_journal_waiting_events)', legend: 'to the disk' },
            { expr: 'sum(tallystick_apply_lag_events)', legend: 'to the figures' },
          ],
        }),
        lines({
          title: 'Bytes on disk',
          about: 'Of the journal and of the store.',
          unit: 'bytes',
          queries: [
            { expr: 'sum(tallystick_journal_bytes)', legend: 'journal' },
            { expr: 'sum(tallystick_store_bytes)', legend: 'store' },
          ],
        }),
        lines({
          title: 'Time of a question',
          about: 'Until the store has answered.',
          unit: 's',
          queries: quantiles('tallystick_query_duration_seconds'),
        }),
      ],
    },
    {
      name: 'Missing',
      height: 8,
      panels: [
        lines({
          title: 'Gaps by source',
          about: 'Events that a source has numbered, that have not come and that it has not told of.',
          queries: [{ expr: 'max by (source) (tallystick_source_gap_events)', legend: '{{source}}' }],
        }),
        lines({
          title: 'Dropped by source',
          about: 'Events that a source says it will never send.',
          queries: [{ expr: 'max by (source) (tallystick_source_dropped_events)', legend: '{{source}}' }],
        }),
        lines({
          title: 'Dropped by reason',
          about: 'The same events by the reason that sources give.',
          queries: [{ expr: 'max by (reason) (tallystick_dropped_events)', legend: '{{reason}}' }],
        }),
        lines({
          title: 'Proxied and not recorded',
          about: 'Requests that the capture proxy let go on while their events could not be kept.',
          queries: [
            {
              expr: 'sum by (outcome) (rate(tallystick_proxy_events_total{outcome=~"rejected|failed|dropped"}[$__rate_interval]))',
              legend: '{{outcome}}',
            },
          ],
        }),
        lines({
          title: 'Lost to damage',
          about: 'Accepted events whose record was found damaged before the store had it.',
          queries: [{ expr: 'sum(tallystick_quarantined_events)', legend: 'events' }],
        }),
        lines({
          title: 'Alerts firing',
          about: 'Of the server’s own rules.',
          queries: [{ expr: 'sum by (kind, severity) (tallystick_alerts_firing)', legend: '{{kind}} ({{severity}})' }],
        }),
      ],
    },
    {
      name: 'Process',
      height: 8,
      panels: [
        lines({
          title: 'Memory',
          about: 'Resident memory of the process.',
          unit: 'bytes',
          queries: [
            {
              expr: 'process_resident_memory_bytes and on (job, instance) tallystick_build_info',
              legend: '{{instance}}',
            },
          ],
        }),
        lines({
          title: 'Processor',
          about: 'Processors kept busy, and the share of time in which the main thread was.',
          queries: [
            {
              expr: 'sum(rate(process_cpu_seconds_total[$__rate_interval]) and on (job, instance) tallystick_build_info)',
              legend: 'processors',
            },
            {
              expr: 'max(nodejs_eventloop_utilization_ratio and on (job, instance) tallystick_build_info)',
              legend: 'main thread',
            },
          ],
        }),
        lines({
          title: 'Live streams',
          about: 'Open now.',
          queries: [{ expr: 'sum by (kind) (tallystick_live_streams)', legend: '{{kind}}' }],
        }),
        lines({
          title: 'Series of LLM figures',
          about: 'Held at most: metrics.max_series. What does not fit is added to series called other.',
          queries: [
            { expr: 'sum(tallystick_metrics_series)', legend: 'held' },
            { expr: rate('family', 'tallystick_metrics_folded_total'), legend: 'folded a second: {{family}}' },
          ],
        }),
      ],
    },
  ],
})
