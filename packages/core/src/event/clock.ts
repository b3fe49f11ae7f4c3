/** Time and chance, handed in so that tests decide them. */
export interface Clock {
  /** Wall clock, integer ms since 1970 UTC. May jump. */
  now(): number
  /** Never goes back, integer or fractional ms from an arbitrary origin. For durations and timers only. */
  monotonic(): number
}

/** Where chance comes from. */
export interface Random {
  /** Fills `bytes` with random bytes and returns it. */
  fill(bytes: Uint8Array): Uint8Array
}

/** The runtime's clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

/** The runtime's cryptographic randomness. */
export const systemRandom: Random = {
  fill: (bytes) => {
    // The DOM's types refuse a view that might be of shared memory; the runtime takes both.
    globalThis.crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
    return bytes
  },
}

/** Integer ms since 1970 UTC; 0 if the clock stands before 1970. */
export function currentTimeMs(clock: Clock = systemClock): number {
  const now = clock.now()
  return now >= 0 ? Math.floor(now) : 0
}
