import { promisify } from 'node:util'
import { crc32, deflateRaw, inflateRaw } from 'node:zlib'

/**
 * A sealed segment is a series of gzip members (RFC 1952), each about 128 KiB of whole lines, so that `zcat` reads the
 * file, a reader skips to an offset without inflating what lies before, and damage costs one member. Each member's extra
 * field `TS` tells its size, its uncompressed size and offset, and a checksum of those.
 */
export const MEMBER_HEADER_BYTES = 36
const TRAILER_BYTES = 8
/** Magic, deflate, extra field present, no time, no flags, unknown system, 24 bytes of extra field: `TS` with 20 bytes. */
const FIXED = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 24, 0, 0x54, 0x53, 20, 0])
const LEVEL = 6
const MIN_CHUNK_BYTES = 64
const MAX_CHUNK_BYTES = 1024 * 1024

const deflate = promisify<Uint8Array, { level: number }, Buffer>(deflateRaw)
const inflate = promisify<Uint8Array, { maxOutputLength: number; chunkSize: number }, Buffer>(inflateRaw)

export interface MemberHeader {
  /** Bytes of the whole member in the file. */
  readonly size: number
  readonly plainSize: number
  readonly plainOffset: number
}

/** Compresses off the main thread. */
export async function encodeMember(plain: Uint8Array, plainOffset: number): Promise<Buffer> {
  const body = await deflate(plain, { level: LEVEL })
  const size = MEMBER_HEADER_BYTES + body.length + TRAILER_BYTES
  const member = Buffer.alloc(size)
  FIXED.copy(member)
  member.writeUInt32LE(size, 16)
  member.writeUInt32LE(plain.length, 20)
  member.writeBigUInt64LE(BigInt(plainOffset), 24)
  member.writeUInt32LE(crc32(member.subarray(16, 32)), 32)
  body.copy(member, MEMBER_HEADER_BYTES)
  member.writeUInt32LE(crc32(plain), size - 8)
  member.writeUInt32LE(plain.length, size - 4)
  return member
}

/** The same member at another place of the segment, without inflating it. */
export function movedMember(member: Uint8Array, plainOffset: number): Buffer {
  const moved = Buffer.from(member)
  moved.writeBigUInt64LE(BigInt(plainOffset), 24)
  moved.writeUInt32LE(crc32(moved.subarray(16, 32)), 32)
  return moved
}

/** The member header at `at`, or undefined if there is none that can be trusted. */
export function decodeMemberHeader(bytes: Buffer, at = 0): MemberHeader | undefined {
  if (bytes.length - at < MEMBER_HEADER_BYTES) return undefined
  if (bytes.readUInt32LE(at + 32) !== crc32(bytes.subarray(at + 16, at + 32))) return undefined
  const size = bytes.readUInt32LE(at + 16)
  const plainOffset = Number(bytes.readBigUInt64LE(at + 24))
  if (size < MEMBER_HEADER_BYTES + TRAILER_BYTES || !Number.isSafeInteger(plainOffset)) return undefined
  return { size, plainSize: bytes.readUInt32LE(at + 20), plainOffset }
}

/** Offset of the next sound member header at or after `from`, or -1. */
export function findMember(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(FIXED, from); at !== -1; at = bytes.indexOf(FIXED, at + 1)) {
    if (decodeMemberHeader(bytes, at) !== undefined) return at
  }
  return -1
}

/** The lines of a whole member, or undefined if any byte that matters is not as it was written. */
export async function decodeMember(member: Buffer, header: MemberHeader): Promise<Buffer | undefined> {
  if (member.length !== header.size || !member.subarray(0, FIXED.length).equals(FIXED)) return undefined
  const trailer = member.length - TRAILER_BYTES
  try {
    const plain = await inflate(member.subarray(MEMBER_HEADER_BYTES, trailer), {
      maxOutputLength: header.plainSize + 1,
      // In one step: each chunk is a turn of the event loop of its own.
      chunkSize: Math.min(Math.max(header.plainSize + 1, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES),
    })
    const sound = plain.length === header.plainSize && member.readUInt32LE(trailer + 4) === plain.length
    return sound && crc32(plain) === member.readUInt32LE(trailer) ? plain : undefined
  } catch {
    return undefined
  }
}
