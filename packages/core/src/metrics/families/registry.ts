import type { MetricFamily } from '../family.ts'

/** What a registry says of itself. */
export const REGISTRY_FAMILIES = {
  series: {
    name: 'tallystick_metrics_series',
    type: 'gauge',
    help: 'Series of LLM figures held, the sum of what was folded included.',
    labels: [],
    set: 'operation',
  },
  folded: {
    name: 'tallystick_metrics_folded_total',
    type: 'counter',
    help: 'Updates whose labels were replaced by other, since no more series fit.',
    labels: ['family'],
    set: 'operation',
  },
  invalid: {
    name: 'tallystick_metrics_invalid_total',
    type: 'counter',
    help: 'Values that were left out because they are no figure: not a number, negative, infinite or too large.',
    labels: [],
    set: 'operation',
  },
} as const satisfies Record<string, MetricFamily>
