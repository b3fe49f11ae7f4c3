import { INTERVALS, QUANTILES } from '@tallystick/core/query'
import { Arguments } from '../arguments.ts'
import { boundedJson } from '../bound.ts'
import type { Tool } from '../tool.ts'

interface Tables {
  readonly dimensions: readonly {
    readonly name: string
    readonly type: string
    readonly label: string
    readonly aliases: readonly string[]
  }[]
  readonly measures: readonly { readonly name: string; readonly label: string; readonly unit: string }[]
}

const DERIVED = ['min', 'max', 'avg', ...QUANTILES.map(({ suffix }) => suffix)]
const SUFFIX = new RegExp(`_(?:${DERIVED.join('|')})$`)

/** `list_dimensions_and_measures`: `GET /api/v1/tables`, the measures of one quantity in one line. */
export const tablesTool: Tool = {
  name: 'list_dimensions_and_measures',
  title: 'List dimensions and measures',
  description:
    'Lists what `query` can group and filter by (dimensions) and compute (measures), with units. Ask this when a name was refused or you are unsure of one.',
  inputSchema: { type: 'object', properties: {}, additionalProperties: false },
  async run(args, { api, signal }) {
    new Arguments(args, []).assertRight()
    const { dimensions, measures } = (await api.ask({ path: '/api/v1/tables' }, signal)) as Tables
    return {
      value: boundedJson({
        dimensions: dimensions.map(({ name, label, type, aliases }) => ({
          name,
          label,
          ...(type === 'string' ? {} : { type }),
          ...(aliases.length === 0 ? {} : { also: aliases }),
        })),
        tags: 'tags.<key> splits and filters by a tag.',
        measures: measures
          .filter(({ name }) => !SUFFIX.test(name))
          .map(({ name, label, unit }) => ({ name, label, unit })),
        suffixes: `Measures of tokens, nano_usd, ms, bytes and count that are sums also have ${DERIVED.map((name) => `_${name}`).join(' ')}; one that ends in _sum has them in its place (duration_ms_p95).`,
        intervals: INTERVALS,
      }),
    }
  },
}
