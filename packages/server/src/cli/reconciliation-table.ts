import { dollars, grouped, plainTable, type Terminal } from './terminal.ts'

type Amount = number | string

interface Explained {
  readonly missing_nano_usd: Amount
  readonly price_drift_nano_usd: Amount
  readonly unpriced_nano_usd: Amount
  readonly rounding_nano_usd: Amount
  readonly unknown_nano_usd: Amount
}

/** The answer of `GET /api/v1/reconciliation`, as far as it is shown. */
export interface Reconciliation {
  readonly from: string
  readonly to: string
  readonly providers: readonly {
    readonly provider: string
    readonly rows: readonly {
      readonly day: string
      readonly model: string | null
      readonly ours: { readonly requests: Amount; readonly cost_nano_usd: Amount | null }
      readonly theirs: { readonly requests: Amount | null; readonly cost_nano_usd: Amount | null }
      readonly difference_nano_usd: Amount | null
      readonly explained: Explained | null
    }[]
    readonly totals: {
      readonly ours_nano_usd: Amount
      readonly theirs_nano_usd: Amount
      readonly difference_nano_usd: Amount
      readonly explained: Explained
    }
  }[]
}

const HEAD = ['day', 'model', 'ours', 'theirs', 'difference', 'missing', 'price', 'unpriced', 'rounding', 'unknown']

/** A table for each provider, with its sums below. What is nothing is left empty, so that what is something shows. */
export function printReconciliation({ providers, from, to }: Reconciliation, terminal: Terminal): void {
  if (providers.length === 0) {
    terminal.out(`No bill tells of ${from} to ${to}. Bring some in: tallystick reconcile import --help\n`)
    return
  }
  for (const { provider, rows, totals } of providers) {
    const table = plainTable(
      HEAD,
      HEAD.map((_, index) => (index < 2 ? 'left' : 'right')),
    )
    for (const { day, model, ours, theirs, difference_nano_usd, explained } of rows)
      table.push([
        day,
        // What comes from outside may move the cursor of a terminal.
        (model ?? '(no model)').replace(/\p{Cc}/gu, '?'),
        money(ours.cost_nano_usd),
        money(theirs.cost_nano_usd),
        ...reasons(difference_nano_usd, explained),
      ])
    const { ours_nano_usd, theirs_nano_usd, difference_nano_usd, explained } = totals
    table.push(['all', '', money(ours_nano_usd), money(theirs_nano_usd), ...reasons(difference_nano_usd, explained)])
    const requests = rows.reduce((sum, { ours }) => sum + BigInt(ours.requests), 0n)
    terminal.out(`${provider}, ${grouped(requests)} requests of ours (days of UTC)\n${table.toString()}\n`)
  }
}

const money = (amount: Amount | null): string => (amount === null ? '-' : dollars(amount))
const unlessNothing = (amount: Amount): string => (Number(amount) === 0 ? '' : dollars(amount))

function reasons(difference: Amount | null, explained: Explained | null): readonly string[] {
  if (explained === null) return [money(difference), '', '', '', '', '']
  return [
    money(difference),
    unlessNothing(explained.missing_nano_usd),
    unlessNothing(explained.price_drift_nano_usd),
    unlessNothing(explained.unpriced_nano_usd),
    unlessNothing(explained.rounding_nano_usd),
    unlessNothing(explained.unknown_nano_usd),
  ]
}
