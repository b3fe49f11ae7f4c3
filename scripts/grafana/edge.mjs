import { dashboard } from './dashboard.mjs'
import { lines, PICKED, share, stat } from './panel.mjs'

/** The queries of llm-edge-monitoring's README and the panels of its sketch, over its names; what divided wrongly is put right. */
export const edge = dashboard({
  uid: 'tallystick-edge',
  title: 'Tallystick: names of llm-edge-monitoring',
  about:
    'For who comes from llm-edge-monitoring: its panels over its own names, which a server shows unless told otherwise.',
  picks: 'llm_edge_requests_total',
  rows: [
    {
      height: 9,
      panels: [
        lines({
          title: 'Request rate',
          about: 'Requests a second by provider.',
          unit: 'reqps',
          queries: [
            {
              expr: `sum by (provider) (rate(llm_edge_requests_total{${PICKED}}[$__rate_interval]))`,
              legend: '{{provider}}',
            },
          ],
        }),
        lines({
          title: 'Cache hit rate',
          about: 'Requests answered from the gateway’s cache, all tiers together.',
          unit: 'percentunit',
          max: 1,
          queries: [
            {
              expr: 'sum(rate(llm_edge_cache_hits_total[$__rate_interval])) / (sum(rate(llm_edge_cache_hits_total[$__rate_interval])) + sum(rate(llm_edge_cache_misses_total[$__rate_interval])))',
              legend: 'hits',
            },
          ],
        }),
        lines({
          title: 'Cost by provider',
          about: 'Dollars an hour.',
          unit: 'currencyUSD',
          queries: [
            {
              expr: `sum by (provider) (rate(llm_edge_cost_usd_total{${PICKED}}[$__rate_interval])) * 3600`,
              legend: '{{provider}}',
            },
          ],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        lines({
          title: 'P95 by provider',
          about: 'The slowest twentieth of successful requests took longer.',
          unit: 'ms',
          queries: [
            {
              expr: `histogram_quantile(0.95, sum by (provider, le) (rate(llm_edge_request_duration_ms_bucket{${PICKED}}[$__rate_interval])))`,
              legend: '{{provider}}',
            },
          ],
        }),
        lines({
          title: 'Error rate',
          about: 'Failed requests of all, summed on both sides: dividing series one by one is always 1.',
          unit: 'percentunit',
          queries: [
            {
              expr: share(
                `rate(llm_edge_requests_total{${PICKED},status="error"}[$__rate_interval])`,
                `rate(llm_edge_requests_total{${PICKED}}[$__rate_interval])`,
                'provider',
              ),
              legend: '{{provider}}',
            },
          ],
        }),
        lines({
          title: 'Average request latency',
          about: 'Of successful requests.',
          unit: 'ms',
          queries: [
            {
              expr: `rate(llm_edge_request_duration_ms_sum{${PICKED}}[$__rate_interval]) / rate(llm_edge_request_duration_ms_count{${PICKED}}[$__rate_interval])`,
              legend: '{{provider}} {{model}}',
            },
          ],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        lines({
          title: 'Cost per hour',
          about: 'Dollars an hour over the last hour, by provider and model.',
          unit: 'currencyUSD',
          queries: [{ expr: `rate(llm_edge_cost_usd_total{${PICKED}}[1h]) * 3600`, legend: '{{provider}} {{model}}' }],
        }),
        lines({
          title: 'Tokens per second',
          about: 'Input, cached ones included, and output.',
          queries: [
            { expr: `sum by (type) (rate(llm_edge_tokens_total{${PICKED}}[$__rate_interval]))`, legend: '{{type}}' },
          ],
        }),
        stat({
          title: 'Active requests',
          about: 'Requests under way.',
          queries: [{ expr: 'sum(llm_edge_active_requests)' }],
        }),
        stat({
          title: 'Provider available',
          about: '1 while it answers, 0 while it is down.',
          mappings: [
            {
              type: 'value',
              options: { 0: { text: 'down', color: 'red', index: 1 }, 1: { text: 'up', color: 'green', index: 0 } },
            },
          ],
          queries: [
            { expr: 'min by (provider) (llm_edge_provider_available{provider=~"$provider"})', legend: '{{provider}}' },
          ],
        }),
      ],
    },
  ],
})
