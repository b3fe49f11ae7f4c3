/** The long run, `npm run test:long`. */
export const LONG = Boolean(process.env['TALLYSTICK_TEST_LONG'])

/**
 * How often something is repeated: `npm test` shows every kind of fault and boundary a few times, the long run looks
 * for the rare one.
 */
export const thorough = (short: number, long: number): number => (LONG ? long : short)
