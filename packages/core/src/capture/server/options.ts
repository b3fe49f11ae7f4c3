import type { ExchangeNames, ExchangeOptions } from '../exchange.ts'
import type { Target } from '../target.ts'

/** How requests are recorded that come in to a server of one's own; `R` is the framework's request. */
export interface ServerCaptureOptions<R> extends ExchangeOptions {
  /**
   * Who asks and what was decided, for all requests or for each. A function is called when the answer has gone, so it sees what
   * later middleware has found out; what it throws counts as nothing said. What handlers add by `exchangeOf` counts more.
   */
  readonly names?: ExchangeNames | ((request: R) => ExchangeNames)
  /**
   * What a request asks for; undefined leaves it unrecorded. Without it the paths of the well-known APIs are recorded, wherever
   * they are mounted: `/v1/chat/completions`, `/v1/messages`, `/v1/embeddings`, ...
   */
  readonly target?: Target | ((request: R) => Target | undefined)
  /** How much of the address at the other end of the connection is kept: nothing (default), its network (/24, /48), or all. */
  readonly clientAddress?: 'off' | 'truncated' | 'full'
}
