/** The pages beside the Overview, where things are set rather than looked at. */
export const SECTIONS = [
  { path: '/budgets', label: 'Budgets' },
  { path: '/alerts', label: 'Alerts' },
  { path: '/keys', label: 'Keys' },
] as const

export type Section = (typeof SECTIONS)[number]

/** @example sectionOf('/budgets/') // { path: '/budgets', label: 'Budgets' } */
export function sectionOf(pathname: string): Section | undefined {
  return SECTIONS.find(({ path }) => path === pathname.replace(/\/$/, ''))
}
