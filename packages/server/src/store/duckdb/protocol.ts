import type { ErrorCode, Issue } from '@tallystick/core'
import { isTallystickError, TallystickError } from '@tallystick/core'
import type { JournalEnd } from '@tallystick/core/journal'
import type { FollowerProgress } from '../store.ts'
import type { LocalStoreSettings, StoreNotice } from './local.ts'

/** Calls that the thread answers by name, each with its arguments as the port has them. */
export type RemoteMethod =
  | 'append'
  | 'query'
  | 'spread'
  | 'scan'
  | 'held'
  | 'belongTo'
  | 'takeOver'
  | 'stats'
  | 'prune'
  | 'reprice'
  | 'clear'
  | 'erase'
  | 'audit'
  | 'copyTo'
  | 'maintain'
  | 'follow'
  | 'applied'
  | 'close'

export type ToWorker =
  /** The first message: open the store, or end. */
  | { readonly type: 'open'; readonly settings: LocalStoreSettings }
  | { readonly type: 'dismiss' }
  | { readonly type: 'call'; readonly id: number; readonly method: RemoteMethod; readonly args: readonly unknown[] }
  /** Cancels a query that was called with this id. */
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'advance'; readonly end: JournalEnd }

export type FromWorker =
  | { readonly type: 'opened' }
  | { readonly type: 'not_opened'; readonly error: RemoteError }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown; readonly appliedOrdinal: number }
  | { readonly type: 'failure'; readonly id: number; readonly error: RemoteError; readonly appliedOrdinal: number }
  | ({ readonly type: 'progress' } & Omit<FollowerProgress, 'targetOrdinal'>)
  | { readonly type: 'notice'; readonly notice: StoreNotice }

/** An error as it crosses between threads, which keep neither its class nor its code. */
export interface RemoteError {
  readonly code: ErrorCode
  readonly message: string
  readonly issues: readonly Issue[]
}

export function toRemoteError(error: unknown): RemoteError {
  if (isTallystickError(error)) return { code: error.code, message: error.message, issues: error.issues }
  return { code: 'store_unavailable', message: error instanceof Error ? error.message : String(error), issues: [] }
}

export function fromRemoteError({ code, message, issues }: RemoteError): TallystickError {
  return new TallystickError(code, message, { issues })
}
