/**
 * `value` divided by ten to the power of `digits`, written out whole: no float, no exponent, no zeros at the end.
 *
 * @example decimal(-1_500_000_000n, 9) // '-1.5'
 */
export function decimal(value: bigint, digits: number): string {
  const text = (value < 0n ? -value : value).toString().padStart(digits + 1, '0')
  const fraction = text.slice(text.length - digits).replace(/0+$/, '')
  const whole = text.slice(0, text.length - digits)
  return `${value < 0n ? '-' : ''}${whole}${digits > 0 && fraction !== '' ? `.${fraction}` : ''}`
}
