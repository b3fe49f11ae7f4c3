/** A question to one route of the HTTP API. */
export interface ApiQuestion {
  /** Without the query string, e.g. `/api/v1/events`. */
  readonly path: string
  readonly parameters?: Iterable<readonly [name: string, value: string]>
  /** Sent as JSON by POST; absent: GET. */
  readonly body?: unknown
}

/** Whom the tools ask: the routes of docs/wire.md, whether a server answers them or a directory that is open here. */
export interface Api {
  /**
   * The JSON that the route answers with.
   *
   * @throws TallystickError the problem that the route tells of, or `server_unreachable`
   */
  ask(question: ApiQuestion, signal?: AbortSignal): Promise<unknown>
}
