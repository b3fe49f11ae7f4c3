/** The pages beside the Overview: how the providers do, and where things are set. */
export const SECTIONS = [
  { path: '/providers', label: 'Providers' },
  { path: '/recommendations', label: 'Recommendations' },
  { path: '/budgets', label: 'Budgets' },
  { path: '/alerts', label: 'Alerts' },
  { path: '/keys', label: 'Keys' },
] as const

export type Section = (typeof SECTIONS)[number]

/** @example sectionOf('/budgets/') // { path: '/budgets', label: 'Budgets' } */
export function sectionOf(pathname: string): Section | undefined {
  return SECTIONS.find(({ path }) => path === pathname.replace(/\/$/, ''))
}
