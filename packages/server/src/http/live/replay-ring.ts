/** The last ticks, for clients that come back. Bounded by count and by bytes. */
export interface ReplayRing {
  push(seq: number, frame: Uint8Array): void
  /** Every tick after `seq`, oldest first; undefined when some of them are gone. */
  since(seq: number): readonly Uint8Array[] | undefined
  /** Forgets all ticks up to and including `seq`. */
  restart(seq: number): void
  /** From now on it keeps at most so many bytes. */
  bound(maxBytes: number): void
}

export function createReplayRing(maxTicks: number, maxBytes: number): ReplayRing {
  let frames: { readonly seq: number; readonly frame: Uint8Array }[] = []
  let bytes = 0
  let most = maxBytes
  /** The newest tick that is not in the ring any more; replay starts behind it. */
  let gone = 0
  let last = gone
  const trim = (): void => {
    while (frames.length > maxTicks || (bytes > most && frames.length > 1)) {
      const oldest = frames.shift() as { readonly seq: number; readonly frame: Uint8Array }
      bytes -= oldest.frame.byteLength
      gone = oldest.seq
    }
  }
  return {
    push(seq, frame) {
      frames.push({ seq, frame })
      bytes += frame.byteLength
      last = seq
      trim()
    },
    since(seq) {
      if (seq < gone || seq > last) return undefined
      return frames.filter((entry) => entry.seq > seq).map((entry) => entry.frame)
    },
    restart(seq) {
      frames = []
      bytes = 0
      gone = seq
      last = seq
    },
    bound(maxBytes) {
      most = maxBytes
      trim()
    },
  }
}
