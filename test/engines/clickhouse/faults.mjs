/**
 * Faults that tests order by `POST /faults`: of the next `times` statements that contain `match`,
 *
 * - `lose_answer`: the statement is run and the connection cut before the answer;
 * - `refuse`: the connection is cut and nothing is run;
 * - `error`: nothing is run and the answer is an exception with `code` and `message`.
 */
export class Faults {
  #planned = []

  plan({ match = '', how, times = 1, code = 252, message = 'Too many parts. (TOO_MANY_PARTS)' }) {
    this.#planned.push({ match, how, times, code, message })
  }

  take(text) {
    const fault = this.#planned.find(({ match }) => text.includes(match))
    if (fault === undefined) return undefined
    fault.times--
    if (fault.times <= 0) this.#planned = this.#planned.filter((planned) => planned !== fault)
    return fault
  }
}
