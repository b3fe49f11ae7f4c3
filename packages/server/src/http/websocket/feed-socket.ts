/** What the feed needs of a connection. */
export interface FeedSocket {
  /** Bytes handed to `send` that the system has not taken yet. */
  readonly waitingBytes: number
  /** One text message. `sent` is called once the system has taken it. */
  send(message: Uint8Array, sent?: () => void): void
  ping(): void
  /** Says good-bye; the connection is cut if the other side does not answer soon. */
  close(code: number, reason: string): void
}

/** Why a connection was closed. @see https://www.rfc-editor.org/rfc/rfc6455#section-7.4 */
export const CLOSE = {
  goingAway: 1001,
  unsupportedData: 1003,
  tryAgainLater: 1013,
  unauthorized: 4401,
  forbidden: 4403,
  /** Nothing was heard for too long. */
  silent: 4408,
} as const
