import { dashboard } from './dashboard.mjs'
import { count, joined, lines, PICKED, share, stat } from './panel.mjs'

const INPUT = `${PICKED},type=~"input|cache_read|cache_write"`

export const cost = dashboard({
  uid: 'tallystick-cost',
  title: 'Tallystick: cost',
  about: 'Spend by provider and model, what a request and a token cost, and what caching saves.',
  picks: 'llm_cost_usd_total',
  rows: [
    {
      height: 4,
      panels: [
        stat({
          title: 'Spend',
          about: 'Within the range. What has no price is not in it.',
          unit: 'currencyUSD',
          queries: [{ expr: count(`increase(llm_cost_usd_total{${PICKED}}[$__range])`) }],
        }),
        stat({
          title: 'Spend of the last hour',
          about: 'Whatever the range is.',
          unit: 'currencyUSD',
          queries: [{ expr: count(`increase(llm_cost_usd_total{${PICKED}}[1h])`) }],
        }),
        stat({
          title: 'Spend of the last 24 hours',
          about: 'Whatever the range is; LlmSpendRate looks at it.',
          unit: 'currencyUSD',
          limits: [80, 100],
          queries: [{ expr: count(`increase(llm_cost_usd_total{${PICKED}}[1d])`) }],
        }),
        stat({
          title: 'Saved by caching',
          about: 'What input tokens read from the cache would have cost more at the price of others, within the range.',
          unit: 'currencyUSD',
          queries: [{ expr: count(`increase(llm_cache_savings_usd_total{${PICKED}}[$__range])`) }],
        }),
        stat({
          title: 'Input read from the cache',
          about: 'Share of input tokens within the range.',
          unit: 'percentunit',
          queries: [
            {
              expr: share(
                `increase(llm_tokens_total{${PICKED},type="cache_read"}[$__range])`,
                `increase(llm_tokens_total{${INPUT}}[$__range])`,
              ),
            },
          ],
        }),
        stat({
          title: 'Unpriced requests',
          about: 'Requests within the range whose cost is unknown: spend leaves them out.',
          limits: [1],
          queries: [{ expr: count(`increase(llm_unpriced_requests_total{${PICKED}}[$__range])`) }],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        lines({
          title: 'Spend per hour by provider',
          about: 'Dollars an hour at the pace of the moment.',
          unit: 'currencyUSD',
          stacked: true,
          queries: [
            {
              expr: `sum by (provider) (rate(llm_cost_usd_total{${PICKED}}[$__rate_interval])) * 3600`,
              legend: '{{provider}}',
            },
          ],
        }),
        lines({
          title: 'Spend per hour by model',
          about: 'Dollars an hour at the pace of the moment.',
          unit: 'currencyUSD',
          stacked: true,
          queries: [
            {
              expr: `sum by (model) (rate(llm_cost_usd_total{${PICKED}}[$__rate_interval])) * 3600`,
              legend: '{{model}}',
            },
          ],
        }),
      ],
    },
    {
      height: 9,
      panels: [
        lines({
          title: 'Cost of a request by model',
          about: 'Spend over requests, failed and unpriced ones included.',
          unit: 'currencyUSD',
          queries: [
            {
              expr: `sum by (model) (rate(llm_cost_usd_total{${PICKED}}[$__rate_interval])) / sum by (model) (rate(llm_requests_total{${PICKED}}[$__rate_interval]))`,
              legend: '{{model}}',
            },
          ],
        }),
        lines({
          title: 'Cost of a million tokens by model',
          about: 'Spend over tokens of every type.',
          unit: 'currencyUSD',
          queries: [
            {
              expr: `1e6 * sum by (model) (rate(llm_cost_usd_total{${PICKED}}[$__rate_interval])) / sum by (model) (rate(llm_tokens_total{${PICKED}}[$__rate_interval]))`,
              legend: '{{model}}',
            },
          ],
        }),
        lines({
          title: 'Tokens per second by type',
          about: 'Each token is of one type, so the areas add up.',
          stacked: true,
          queries: [
            { expr: `sum by (type) (rate(llm_tokens_total{${PICKED}}[$__rate_interval]))`, legend: '{{type}}' },
          ],
        }),
      ],
    },
    {
      height: 10,
      panels: [
        joined({
          title: 'By model',
          about: 'Within the range.',
          queries: [
            {
              column: 'Spend',
              unit: 'currencyUSD',
              expr: `sum by (provider, model) (increase(llm_cost_usd_total{${PICKED}}[$__range]))`,
            },
            {
              column: 'Requests',
              unit: 'short',
              expr: `sum by (provider, model) (increase(llm_requests_total{${PICKED}}[$__range]))`,
            },
            {
              column: 'Tokens',
              unit: 'short',
              expr: `sum by (provider, model) (increase(llm_tokens_total{${PICKED}}[$__range]))`,
            },
            {
              column: 'Unpriced',
              unit: 'short',
              expr: `sum by (provider, model) (increase(llm_unpriced_requests_total{${PICKED}}[$__range]))`,
            },
          ],
        }),
      ],
    },
  ],
})
