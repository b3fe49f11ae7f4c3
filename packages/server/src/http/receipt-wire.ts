import type {
  CostReceipt,
  ReceiptLine,
  ReceiptPrice,
  ReportedCost,
  RepricedCost,
  UnpricedCost,
} from '@tallystick/core/pricing'

/** A receipt as the API answers it: snake_case, and null for what there is not. @param prices the version in force now */
export function receiptOnWire(receipt: CostReceipt, prices: string): object {
  const { costBasis, costNanoUsd, lines, linesFrom, listNanoUsd, price, reported, repriced, unpriced } = receipt
  return {
    cost_nano_usd: costNanoUsd ?? null,
    cost_basis: costBasis ?? null,
    list_nano_usd: listNanoUsd ?? null,
    lines: lines.map(lineOnWire),
    lines_from: linesFrom ?? null,
    price: price ? priceOnWire(price) : null,
    reported: reported ? reportedOnWire(reported) : null,
    repriced: repriced ? repricedOnWire(repriced) : null,
    cache_savings_nano_usd: receipt.cacheSavingsNanoUsd ?? null,
    unpriced: unpriced ? unpricedOnWire(unpriced) : null,
    prices_version: prices,
  }
}

function lineOnWire({ component, costNanoUsd, count, rounded, unitPrice }: ReceiptLine): object {
  return {
    component,
    count: count ?? null,
    price_nano_usd: unitPrice?.listNanoUsd ?? null,
    per: unitPrice?.per ?? null,
    multiplier_permille: unitPrice?.multiplierPermille ?? null,
    cost_nano_usd: costNanoUsd,
    rounded: rounded === true,
  }
}

function priceOnWire({ aboveInputTokens, flagged, id, resolution, serviceTier }: ReceiptPrice): object {
  return {
    id,
    source: resolution?.source ?? null,
    match: resolution?.match ?? null,
    provider: resolution?.provider ?? null,
    model: resolution?.model ?? null,
    effective_from_ms: resolution?.row.effectiveFromMs ?? null,
    effective_to_ms: resolution?.row.effectiveToMs ?? null,
    above_input_tokens: aboveInputTokens ?? null,
    service_tier: serviceTier ?? null,
    flag: flagged ?? null,
  }
}

function reportedOnWire({ by, costNanoUsd, differenceNanoUsd }: ReportedCost): object {
  return { by, cost_nano_usd: costNanoUsd, difference_nano_usd: differenceNanoUsd ?? null }
}

function repricedOnWire({ costNanoUsd, differenceNanoUsd, lines, priceId }: RepricedCost): object {
  return {
    cost_nano_usd: costNanoUsd,
    difference_nano_usd: differenceNanoUsd,
    price_id: priceId ?? null,
    lines: lines.map(lineOnWire),
  }
}

function unpricedOnWire({ about, nowNanoUsd, reason }: UnpricedCost): object {
  return { reason, about: about ?? null, now_nano_usd: nowNanoUsd ?? null, ...UNPRICED_TEXTS[reason] }
}

/** In words: why, and what would give it a price. */
const UNPRICED_TEXTS: {
  readonly [K in UnpricedCost['reason']]: { readonly why: string; readonly remedy: string }
} = {
  no_price: {
    why: 'Nobody has a price for this model at this provider.',
    remedy: 'Add the model to a price file (docs/prices.md), start the server with it, and run tallystick reprice.',
  },
  no_usage: {
    why: 'The request was answered, and nobody has said how many tokens it took.',
    remedy:
      'Let the sender tell the usage; streams of OpenAI tell it with stream_options.include_usage. What is lost stays unknown.',
  },
  no_unit_price: {
    why: 'The price list of the model has no price for something that the request used.',
    remedy: 'Add that price in a price file (docs/prices.md), start the server with it, and run tallystick reprice.',
  },
  total_tokens_only: {
    why: 'Only a total of tokens is known, and input and output cost differently.',
    remedy: 'Let the sender tell input_tokens and output_tokens.',
  },
  overflow: {
    why: 'The cost would be more than about $9 million, which is no cost of one request.',
    remedy: 'Look at the counts that were sent, and at the price.',
  },
  invalid_usage: {
    why: 'The counts that were recorded are not whole numbers.',
    remedy: 'Let the sender tell counts as integers.',
  },
  priced_since: {
    why: 'There was no price when the request was recorded; there is one now.',
    remedy: 'Run tallystick reprice: the figure is then kept beside what was billed.',
  },
}
