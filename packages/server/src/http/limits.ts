const MIB = 1024 * 1024

/** What one request, or all of them together, may take. */
export interface Limits {
  /** Bytes of a body as sent. */
  readonly bodyBytes: number
  /** Bytes of a body after decompression. */
  readonly inflatedBytes: number
  /** Bytes of a body that is read as it comes and of which little is kept: a callback's, with every prompt in it. */
  readonly callbackBytes: number
  /** Events in one body. */
  readonly batchEvents: number
  /** Levels of nesting in one event. */
  readonly depth: number
  /** Bytes of the body of a query. */
  readonly queryBytes: number
  /** Bytes of all bodies held in memory at one time. */
  readonly heldBytes: number
  /** Queries running at once; more wait their turn. */
  readonly runningQueries: number
  /** Queries waiting; one more is refused. */
  readonly waitingQueries: number
  /** How long a query of Protocol 012 may take, in ms. */
  readonly queryMs: number
  /** How long a request waits for the store to come up to the journal, in ms. */
  readonly appliedWaitMs: number
  /** Answers of many pages (lists without a limit, exports) being read at once; one more is refused. */
  readonly downloads: number
  /** Live streams open at once. */
  readonly streams: number
  /** Of those, how many may be one key's, agent's or user's. */
  readonly streamsPerKey: number
  /** WebSockets open at once. */
  readonly sockets: number
  /** Of those, how many may be one key's, agent's or user's. */
  readonly socketsPerKey: number
}

export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 10 * MIB,
  inflatedBytes: 20 * MIB,
  callbackBytes: 64 * MIB,
  batchEvents: 10_000,
  depth: 16,
  queryBytes: 256 * 1024,
  heldBytes: 256 * MIB,
  runningQueries: 4,
  waitingQueries: 256,
  queryMs: 30_000,
  appliedWaitMs: 30_000,
  downloads: 16,
  streams: 200,
  streamsPerKey: 10,
  sockets: 1_000,
  socketsPerKey: 100,
}
