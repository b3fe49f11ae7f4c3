import type { Exact } from '@tallystick/core/event'
import type { TakenPoint } from './figures.ts'
import type { Instrument } from './instruments.ts'

/** How points relate to those before them: what has come since, or all that has come since the start. */
export type Temporality = 'delta' | 'cumulative'

/** Who tells, and of which time. */
export interface Told {
  readonly points: readonly TakenPoint[]
  readonly temporality: Temporality
  /** Integer ms since 1970 UTC. */
  readonly startMs: number
  readonly nowMs: number
  readonly version: string
  /** Tells this process from the one before it, and from others that push to the same collector. */
  readonly instanceId: string
}

/** The numbers of OTLP's enumeration. */
const TEMPORALITIES: { readonly [T in Temporality]: number } = { delta: 1, cumulative: 2 }

/** `service.name` of what is pushed. */
export const SERVICE_NAME = 'tallystick'

/**
 * The body of a request to `/v1/metrics`, as OTLP writes it in JSON: 64-bit integers as texts, enumerations as numbers.
 *
 * @source https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function exportRequest({ points, temporality, startMs, nowMs, version, instanceId }: Told): object {
  const byInstrument = new Map<Instrument, TakenPoint[]>()
  for (const taken of points) {
    const { instrument } = taken.point
    const others = byInstrument.get(instrument)
    if (others === undefined) byInstrument.set(instrument, [taken])
    else others.push(taken)
  }
  const times = { startTimeUnixNano: nanosOf(startMs), timeUnixNano: nanosOf(nowMs) }
  const aggregationTemporality = TEMPORALITIES[temporality]
  const metrics = [...byInstrument].map(([instrument, taken]) => {
    const { name, unit, about: description, bounds } = instrument
    const dataPoints = taken.map((each) => ({
      attributes: each.point.attributes.map(([key, value]) => attribute(key, value)),
      ...times,
      ...(bounds === undefined ? counted(each, instrument) : distributed(each, instrument, bounds)),
    }))
    return bounds === undefined
      ? { name, unit, description, sum: { aggregationTemporality, isMonotonic: true, dataPoints } }
      : { name, unit, description, histogram: { aggregationTemporality, dataPoints } }
  })
  const resource = {
    attributes: [
      attribute('service.name', SERVICE_NAME),
      attribute('service.version', version),
      attribute('service.instance.id', instanceId),
    ],
  }
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: SERVICE_NAME, version }, metrics }] }] }
}

const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } })

/** What is counted is whole. */
const counted = ({ reading }: TakenPoint, { digits }: Instrument): object =>
  digits === 0 ? { asInt: String(reading.sum) } : { asDouble: inUnit(reading.sum, digits) }

function distributed({ reading }: TakenPoint, { digits }: Instrument, bounds: readonly number[]): object {
  return {
    count: String(reading.count),
    sum: inUnit(reading.sum, digits),
    bucketCounts: reading.buckets.map(String),
    explicitBounds: bounds.map((bound) => inUnit(bound, digits)),
  }
}

/** Rounded once, however large it is: text is read to the nearest number. */
const inUnit = (value: Exact, digits: number): number => Number(`${value}e-${digits}`)

const nanosOf = (ms: number): string => `${BigInt(ms) * 1_000_000n}`
