/** A sample as a scraper reads it. */
export interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** As it is written: doubles would hide what is lost. */
  readonly value: string
  readonly exemplar?: { readonly labels: Readonly<Record<string, string>>; readonly value: string; readonly at: string }
}

/** A family with all samples that stand under its head. */
export interface ParsedFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly unit: string | undefined
  readonly samples: readonly ParsedSample[]
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['', '_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
}

/**
 * Reads an exposition character by character and refuses whatever the format does not allow: a line that is none, a sample
 * that is not under the head of its family, a family or a series that comes twice, OpenMetrics that does not end.
 */
export function parseExposition(text: string, openMetrics = false): ReadonlyMap<string, ParsedFamily> {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end')
  const lines = text.split('\n').slice(0, -1)
  if (openMetrics && lines.pop() !== '# EOF') throw new Error('no # EOF at the end')
  const families = new Map<
    string,
    { name: string; type: string; help: string; unit?: string; samples: ParsedSample[] }
  >()
  const seen = new Set<string>()
  let current = ''
  for (const line of lines) {
    const head = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line)
    if (head !== null) {
      const [, what, name = '', rest = ''] = head
      if (what === 'HELP') {
        if (families.has(name)) throw new Error(`${name} comes twice`)
        families.set(name, { name, type: '', help: unescaped(rest), samples: [] })
        current = name
      }
      const family = families.get(name)
      if (family === undefined || name !== current) throw new Error(`${line}: out of place`)
      if (what === 'TYPE') family.type = rest
      if (what === 'UNIT') family.unit = rest
      continue
    }
    const sample = parseSample(line)
    const family = families.get(current)
    const suffixes = SUFFIXES[family?.type ?? ''] ?? []
    const total = openMetrics && family?.type === 'counter' ? ['_total'] : suffixes
    if (family === undefined || !total.some((suffix) => sample.name === family.name + suffix)) {
      throw new Error(`${line}: not of the family ${current}`)
    }
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (seen.has(key)) throw new Error(`${line}: comes twice`)
    seen.add(key)
    family.samples.push(sample)
  }
  return new Map([...families].map(([name, family]) => [name, { unit: undefined, ...family }]))
}

const VALUE = /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/

function parseSample(line: string): ParsedSample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (name === undefined) throw new Error(`${JSON.stringify(line)}: no name`)
  const [labels, at] = line[name.length] === '{' ? parseLabels(line, name.length) : [{}, name.length]
  const rest = /^ (\S+)(?: # (\{.*\}) (\S+) (\S+))?$/.exec(line.slice(at))
  if (rest === null || !VALUE.test(rest[1] as string)) {
    throw new Error(`${JSON.stringify(line)}: no value`)
  }
  const [, value = '', exemplar, exemplarValue = '', exemplarAt = ''] = rest
  if (exemplar === undefined) return { name, labels, value }
  return {
    name,
    labels,
    value,
    exemplar: { labels: parseLabels(exemplar, 0)[0], value: exemplarValue, at: exemplarAt },
  }
}

/** From the opening brace on; also where the closing one ends. */
function parseLabels(line: string, from: number): readonly [Record<string, string>, number] {
  const labels: Record<string, string> = {}
  let at = from + 1
  while (line[at] !== '}') {
    const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"/.exec(line.slice(at))
    if (pair === null) throw new Error(`${JSON.stringify(line)}: no label at ${at}`)
    const [all, name = '', value = ''] = pair
    if (Object.hasOwn(labels, name)) throw new Error(`${line}: ${name} comes twice`)
    labels[name] = unescaped(value)
    at += all.length
    if (line[at] === ',') at++
    else if (line[at] !== '}') throw new Error(`${JSON.stringify(line)}: no end of labels at ${at}`)
  }
  return [labels, at + 1]
}

const unescaped = (text: string): string =>
  text.replace(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
