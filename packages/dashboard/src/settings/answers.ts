/** What the routes about the server tell, as far as the page shows it. */

export interface SettingsAnswer {
  readonly configuration: {
    readonly file: string | null
    readonly settings: readonly {
      readonly key: string
      readonly value: string | number | boolean | null | readonly string[]
      readonly source: 'flag' | 'environment' | 'file' | 'default'
      readonly variable: string
      readonly flag: string | null
      readonly secret: boolean
      readonly about: string
    }[]
  } | null
  readonly data_dir: {
    readonly path: string
    readonly bytes: number
    readonly parts: readonly { readonly name: string; readonly bytes: number }[]
  } | null
  readonly upkeep: { readonly at_ms: number; readonly events_dropped: number; readonly problem: string | null } | null
}

export interface ServerStatus {
  readonly version: string
  readonly started_ms: number
  readonly now_ms: number
  readonly address: string | null
  readonly readiness: { readonly ready?: boolean; readonly status?: string }
  readonly store: {
    readonly backend_type: string
    readonly durable: boolean
    readonly events: number
    readonly oldest_ms: number | null
    readonly newest_ms: number | null
    readonly bytes: number | null
    readonly lag_events: number
    readonly warnings?: readonly string[]
  }
  readonly journal: {
    readonly state: string
    readonly bytes: number
    readonly segments: number
    readonly quarantined_lines: number
  } | null
  readonly proxy?: object
  readonly prices: { readonly catalogue_version: string }
  readonly retention: {
    readonly events_seconds: number | null
    readonly cells_seconds: number | null
    readonly kinds_seconds: { readonly [kind: string]: number }
    readonly holds: number
  }
}

export interface InvariantsAnswer {
  readonly balanced: boolean
  readonly server: {
    readonly received: number
    readonly accepted: number
    readonly duplicate: number
    readonly conflict: number
    readonly failed: number
  }
  readonly gaps: { readonly sources: number; readonly missing: number; readonly untold: number }
}

export interface HoldsAnswer {
  readonly holds: readonly {
    readonly name: string
    readonly reason: string
    readonly from_ms: number | null
    readonly to_ms: number | null
  }[]
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** @example bytesText(52_428_800) // '50.0 MiB' */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return '–'
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

/** An age in its largest whole unit. @example ageText(604_800) // '7 days' */
export function ageText(seconds: number | null): string {
  if (seconds === null) return 'for ever'
  for (const [length, name] of [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ] as const) {
    if (seconds >= length && seconds % length === 0) {
      const number = seconds / length
      return `${number.toLocaleString('en-US')} ${name}${number === 1 ? '' : 's'}`
    }
  }
  return `${seconds.toLocaleString('en-US')} seconds`
}
