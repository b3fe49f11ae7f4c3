/** File name below `docs/api` -> its text. */
export function apiPages(): Map<string, string>
