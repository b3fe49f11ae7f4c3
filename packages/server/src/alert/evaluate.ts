import type { AlertRule, Firing } from '../state/alert.ts'
import { severityOf } from './crossing.ts'
import { type Firings, keyText } from './firings.ts'
import { type Figures, factOf, read } from './read.ts'
import { holds, measuredValue, type Reading } from './reading.ts'
import { type RuleSettings, settingsOf } from './settings.ts'
import type { Track } from './track.ts'
import { plainName, span, written } from './words.ts'

/** What a rule has come to after a minute: firings that begin, are over, or have new facts. */
export interface Verdict {
  readonly fired: readonly Firing[]
  readonly resolved: readonly Firing[]
  readonly changed: readonly Firing[]
}

export const NOTHING: Verdict = { fired: [], resolved: [], changed: [] }

export interface Evaluation {
  readonly toMs: number
  readonly figures: Figures
  readonly firings: Firings
  readonly track: Track
  readonly newId: () => string
  readonly signal: AbortSignal
}

/** Evaluates one rule over the time up to `toMs`, which has passed. Writes nothing. */
export async function evaluate(rule: AlertRule, evaluation: Evaluation): Promise<Verdict> {
  const { toMs, figures, firings, track, newId, signal } = evaluation
  const settings = settingsOf(rule)
  const { measured } = settings.spec
  if (measured.of === 'crossings') return NOTHING
  // Before a whole window has passed, silence says nothing.
  if (settings.spec.holds === 'below' && toMs - rule.createdMs < settings.windowMs) return NOTHING
  const readings = await read({ rule, toMs, figures, signal })
  if (readings === undefined) return NOTHING

  const fired: Firing[] = []
  const resolved: Firing[] = []
  const changed: Firing[] = []
  const measuredNow = new Map(readings.map((reading) => [keyText(keyOf(rule, settings, reading)), reading]))
  track.keepHeld(new Set(measuredNow.keys()))

  for (const [key, reading] of measuredNow) {
    if (firings.open(key) !== undefined) continue
    const known = measured.of === 'sources' ? knownTotal(firings.latest(key), reading, changed) : 0
    const news = known === 0 ? reading : { ...reading, numerator: reading.numerator - BigInt(known) }
    const step = track.step(key, { holds: holds(settings, news, false), open: false, toMs }, settings.forMs)
    if (step !== 'fire') continue
    fired.push(firingOf(rule, settings, news, reading, toMs, newId()))
  }
  for (const firing of firings.openOf(rule.id)) {
    const key = keyText(firing.key)
    const reading = measuredNow.get(key)
    const still =
      reading !== undefined && (measured.of === 'sources' ? grown(firing, reading) : holds(settings, reading, true))
    const quietMs = measured.of === 'sources' && reading !== undefined ? settings.windowMs : settings.forMs
    const latest = reading === undefined ? firing : withTotal(firing, reading, changed)
    if (track.step(key, { holds: still, open: true, toMs }, quietMs) === 'resolve') {
      const over =
        reading === undefined && measured.of === 'sources'
          ? { ...latest, facts: { ...latest.facts, total: 0 } }
          : latest
      resolved.push({ ...over, resolvedMs: toMs })
    }
  }
  return { fired, resolved, changed: changed.filter(({ id }) => !resolved.some((over) => over.id === id)) }
}

/** Rule and subject; and its threshold and window, since with others it is another statement. */
function keyOf(rule: AlertRule, { threshold, windowMs }: RuleSettings, { subject }: Reading): Firing['key'] {
  return [rule.id, ...subject, threshold, windowMs]
}

/** What has been told of a source before: only what comes on top of it is news. Less is missing than then: that counts. */
function knownTotal(latest: Firing | undefined, reading: Reading, changed: Firing[]): number {
  if (latest === undefined) return 0
  const total = Number(latest.facts['total'] ?? 0)
  const now = Number(reading.facts['total'])
  if (now < total) changed.push({ ...latest, facts: { ...latest.facts, total: now } })
  return Math.min(total, now)
}

const grown = (firing: Firing, reading: Reading): boolean =>
  Number(reading.facts['total']) > Number(firing.facts['total'] ?? 0)

function withTotal(firing: Firing, reading: Reading, changed: Firing[]): Firing {
  const total = reading.facts['total']
  if (total === undefined || total === firing.facts['total']) return firing
  const latest = { ...firing, facts: { ...firing.facts, ...reading.facts } }
  changed.push(latest)
  return latest
}

function firingOf(
  rule: AlertRule,
  { spec, threshold, windowMs }: RuleSettings,
  news: Reading,
  reading: Reading,
  toMs: number,
  id: string,
): Firing {
  const value = measuredValue(news)
  const key = keyOf(rule, { spec, threshold, windowMs, forMs: 0, minRequests: 0 }, reading)
  return {
    id,
    key,
    ruleId: rule.id,
    kind: rule.kind,
    severity: severityOf(spec.severity, Number(value)),
    ...(rule.tenantId === undefined ? {} : { tenantId: rule.tenantId }),
    title: spec.title({
      value: written(spec.unit, value),
      limit: written(spec.unit, BigInt(threshold)),
      over: span(windowMs),
      subject: reading.subject.length === 0 ? '' : plainName(String(reading.subject[0])),
      names: reading.names,
    }),
    facts: {
      value: factOf(value),
      threshold,
      unit: spec.unit,
      from_ms: toMs - windowMs,
      to_ms: toMs,
      ...(reading.requests === undefined ? {} : { requests: reading.requests }),
      ...(reading.names.length === 0 ? {} : { most: reading.names.join(', ') }),
      ...reading.facts,
    },
    firedMs: toMs,
  }
}
