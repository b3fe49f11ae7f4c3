/** From when on a provider is called degraded or down, and how soon it is well again. Percent are whole, times ms. */
export interface HealthSettings {
  /** The latest time that is looked at, where it has enough requests. At most the window. */
  readonly recentMs: number
  /** What is looked at where the latest time has too few requests. */
  readonly windowMs: number
  /** With fewer requests nothing is concluded. */
  readonly minRequests: number
  /** Fewer failures than this prove nothing, whatever share of the requests they are. */
  readonly minFailures: number
  /** Failures and refusals for load, of all requests that tell of the provider: from here on it is degraded. */
  readonly degradedPercent: number
  /** Failures alone: from here on it is down. */
  readonly downPercent: number
  /** A state that has just begun is not taken back sooner. */
  readonly dwellMs: number
  /** Without a request that tells of it for this long, a provider's state is unknown. At least the window. */
  readonly silenceMs: number
}

/** Thresholds unless told otherwise. Window and least requests are those of the alert `provider_down` too. */
export const DEFAULT_HEALTH: HealthSettings = {
  recentMs: 120_000,
  windowMs: 300_000,
  minRequests: 5,
  minFailures: 3,
  degradedPercent: 10,
  downPercent: 50,
  dwellMs: 60_000,
  silenceMs: 900_000,
}

/** The same, with times that fit each other: the latest time lies within the window, and silence is longer than it. */
export function fittedHealth(given: Partial<HealthSettings> = {}): HealthSettings {
  const settings = { ...DEFAULT_HEALTH, ...given }
  return {
    ...settings,
    recentMs: Math.min(settings.recentMs, settings.windowMs),
    silenceMs: Math.max(settings.silenceMs, settings.windowMs),
  }
}
