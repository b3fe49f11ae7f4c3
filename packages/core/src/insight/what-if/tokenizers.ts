/**
 * How many tokens one model counts for what another has counted. Providers publish next to nothing of it, so this is a table
 * of what they do say, and an assumption for the rest.
 */

/** In thousandths of the tokens that were counted. */
export interface TokenDrift {
  readonly low: number
  readonly likely: number
  readonly high: number
  /** One sentence: why. */
  readonly because: string
}

/** A tokenizer, and the names of models that use it; a vendor's prefix has been taken away. First match holds. */
const TOKENIZERS: readonly { readonly name: string; readonly models: RegExp }[] = [
  { name: 'o200k', models: /^(?:chatgpt-4o|gpt-4o|gpt-4\.[15]|gpt-5|gpt-oss|o[1-9](?:-|$))/ },
  { name: 'cl100k', models: /^(?:gpt-4(?:-|$)|gpt-3\.5|gpt-35|text-embedding-)/ },
  { name: 'claude since Opus 4.7', models: /^claude-opus-4-[78](?:-|$)/ },
  {
    name: 'claude up to 4.6',
    models: /^claude-(?:[23]|instant|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8}|-latest|@|$))/,
  },
  { name: 'gemini', models: /^gemini-/ },
  { name: 'llama 3', models: /^(?:meta-)?llama-?3/ },
  { name: 'deepseek', models: /^deepseek-/ },
  { name: 'qwen', models: /^qwen-?[23]/ },
]

const SAME: Omit<TokenDrift, 'because'> = { low: 1_000, likely: 1_000, high: 1_000 }
/** Published comparisons of English prose and code lie within this, other scripts beyond it now and then. */
const DIFFERENT: Omit<TokenDrift, 'because'> = { low: 850, likely: 1_000, high: 1_150 }

/** What providers say of two tokenizers of theirs. */
const KNOWN: readonly (Omit<TokenDrift, 'because'> & {
  readonly from: string
  readonly to: string
  readonly source: string
})[] = [
  // openai.com/index/hello-gpt-4o, "Language tokenization": 1.1 times fewer for English, 1.4 times for Chinese.
  { from: 'cl100k', to: 'o200k', low: 700, likely: 900, high: 1_000, source: 'OpenAI says 1.1 to 1.4 times fewer' },
  { from: 'o200k', to: 'cl100k', low: 1_000, likely: 1_100, high: 1_430, source: 'OpenAI says 1.1 to 1.4 times more' },
  // platform.claude.com/docs, "What's new in Claude Opus 4.7": 1.0 to 1.35 times as many, by content.
  {
    from: 'claude up to 4.6',
    to: 'claude since Opus 4.7',
    low: 1_000,
    likely: 1_175,
    high: 1_350,
    source: 'Anthropic says 1.0 to 1.35 times as many',
  },
  {
    from: 'claude since Opus 4.7',
    to: 'claude up to 4.6',
    low: 740,
    likely: 850,
    high: 1_000,
    source: 'Anthropic says 1.0 to 1.35 times fewer',
  },
]

/**
 * How many tokens a model counts for what another has counted.
 *
 * @param from the model that counted; null where nobody knows which
 * @example tokenDrift('gpt-4o', 'gpt-4o-mini') // { low: 1000, likely: 1000, high: 1000, because: 'both count with o200k' }
 * @example tokenDrift('gpt-4o', 'claude-sonnet-4-5').high // 1150
 */
export function tokenDrift(from: string | null, to: string): TokenDrift {
  if (from === to) return { ...SAME, because: 'the model is the same' }
  const [one, other] = [from === null ? undefined : tokenizerOf(from), tokenizerOf(to)]
  if (one === undefined || other === undefined)
    return { ...DIFFERENT, because: 'it is not known whether both count tokens alike: ±15 %' }
  if (one === other) return { ...SAME, because: `both count with ${one}` }
  const known = KNOWN.find((pair) => pair.from === one && pair.to === other)
  if (known === undefined) return { ...DIFFERENT, because: `${one} and ${other} differ: ±15 %` }
  const { low, likely, high, source } = known
  return { low, likely, high, because: `${other} after ${one}: ${source}` }
}

function tokenizerOf(model: string): string | undefined {
  const name = model
    .toLowerCase()
    .replace(/^.*\//, '')
    .replace(/^(?:[a-z]{2,6}\.)?(?:anthropic|meta|deepseek|qwen)\./, '')
  return TOKENIZERS.find(({ models }) => models.test(name))?.name
}
