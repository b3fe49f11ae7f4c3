import type { UsageEvent } from '../event/index.ts'
import type { Rejection } from './refusal.ts'
import type { OutgoingRequest, Reply } from './transport.ts'

/** A way of saying events to a server. */
export interface Door {
  /**
   * A request with the first of these events, as many as fit.
   *
   * @throws anything, if one of them cannot be written down
   */
  request(events: readonly UsageEvent[], token: string | undefined): Promise<DoorRequest>
}

export interface DoorRequest extends OutgoingRequest {
  /** How many of the events it carries. */
  readonly count: number
  /** What an answer with a status of 200 to 299 says of each of them. @throws TallystickError `bad_answer` */
  readonly read: (reply: Reply) => Answer
}

export interface Answer {
  /** By index among the events of the request. The others are with the server. */
  readonly rejected: ReadonlyMap<number, Rejection>
  /** Of those, how many it knew before. */
  readonly duplicates: number
  /** Of those, how many it holds with other content under the same id; the first stands. */
  readonly conflicts: number
}

/** Why something was refused. */
export interface Refusal {
  /** As the server said, or `http_<status>`. */
  readonly code: string
  readonly message: string
}
