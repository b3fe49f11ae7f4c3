/** What a column can hold; blobs are not kept. */
export type SqliteValue = string | number | null

/** A number of 1 to 9 bytes, seven bits each; and where it ends. Larger ones than 2^53 lose their last digits. */
export function varint(bytes: Buffer, at: number): readonly [value: number, end: number] {
  let value = 0
  for (let index = 0; index < 8; index++) {
    const byte = bytes[at + index] ?? 0
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) return [value, at + index + 1]
  }
  return [value * 256 + (bytes[at + 8] ?? 0), at + 9]
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8]

/** The columns of one row. @throws Error where they do not fit the record */
export function readRecord(record: Buffer): SqliteValue[] {
  const [headerBytes, firstType] = varint(record, 0)
  const values: SqliteValue[] = []
  let at = headerBytes
  for (let next = firstType; next < headerBytes; ) {
    const [type, end] = varint(record, next)
    next = end
    const length = type >= 12 ? (type - 12 - (type % 2)) / 2 : type === 7 ? 8 : (INTEGER_BYTES[type] ?? 0)
    if (at + length > record.length) throw new Error('A row of the database is cut.')
    if (type >= 13 && type % 2 === 1) values.push(record.toString('utf8', at, at + length))
    else if (type === 7) values.push(record.readDoubleBE(at))
    else if (type === 8 || type === 9) values.push(type - 8)
    else if (length > 0 && type < 7)
      values.push(length === 8 ? Number(record.readBigInt64BE(at)) : record.readIntBE(at, length))
    else values.push(null)
    at += length
  }
  return values
}
