import { TallystickError } from '../../errors.ts'
import type { UsualDefaults } from '../read-event.ts'
import { LAYOUT_VERSION } from './memory.ts'

/**
 * What a worker needs to record into the store of another thread. Survives a structured clone: hand it over as
 * `workerData`, or by `postMessage`.
 */
export interface WriterHandle {
  readonly tallystick: 'writer'
  readonly version: number
  /** Which of the store's writers. */
  readonly writer: number
  readonly enabled: boolean
  readonly defaults: UsualDefaults
  readonly memory: SharedArrayBuffer
}

/** @throws TallystickError `invalid_config` unless the value is a handle of this version */
export function checkHandle(value: unknown): asserts value is WriterHandle {
  const { tallystick, version, memory } = (value ?? {}) as Partial<WriterHandle>
  if (tallystick !== 'writer' || !(memory instanceof SharedArrayBuffer)) {
    throw new TallystickError(
      'invalid_config',
      'attachWriter: pass what `store.handle(i)` returned, e.g. as workerData',
    )
  }
  if (version !== LAYOUT_VERSION) {
    throw new TallystickError(
      'invalid_config',
      `attachWriter: the store speaks version ${version} of the shared memory, this thread ${LAYOUT_VERSION}; load the same version of @tallystick/core in both`,
    )
  }
}
