/**
 * 64 bits of a text as 16 hex digits: two 32-bit lanes of multiply and xor-shift, each fed every UTF-16 unit. Names
 * versions of an owner's own price rows; not made against forgery.
 *
 * What it gives never changes, since ids made of it are stored with events.
 *
 * @example fingerprint('') // 'e1938caf7537bf9e'
 */
export function fingerprint(text: string): string {
  let a = 0x9e3779b9
  let b = 0x85ebca6b
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    a = Math.imul(a ^ unit, 0x9e3779b1)
    b = Math.imul(b ^ unit, 0x5f356495)
    a ^= a >>> 15
    b ^= b >>> 13
  }
  a = mix(a ^ (b >>> 7) ^ text.length)
  b = mix(b ^ (a >>> 5))
  return hex(a) + hex(b)
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
