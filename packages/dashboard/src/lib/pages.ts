import type { Component } from 'svelte'
import Overview from '../pages/overview.svelte'
import type { Watch } from './watch.svelte.ts'

export type PageComponent = Component<{ watch: Watch }>

/** One page of the dashboard. Each is a chunk of its own, loaded when it is first opened. */
export interface Page {
  readonly path: string
  readonly label: string
  /** What it stands with in the navigation. */
  readonly group: (typeof GROUPS)[number]
  /** Opens it after `g`. */
  readonly key: string
  /** Do range, step, zone and filters apply to all it shows? */
  readonly scoped: boolean
  /** Has something to say although nothing has been recorded. */
  readonly always?: true
  /** A component that takes `watch`, or nothing. */
  readonly load: () => Promise<{ readonly default: Component<never> }>
}

export const GROUPS = ['Figures', 'Who and what', 'What to do', 'Server'] as const

export const OVERVIEW = '/'

/** All pages, in the order of the navigation. The Overview is part of the first load: most visits are for it. */
export const PAGES: readonly Page[] = [
  {
    path: OVERVIEW,
    label: 'Overview',
    group: 'Figures',
    key: 'o',
    scoped: true,
    load: async () => ({ default: Overview }),
  },
  {
    path: '/explore',
    label: 'Explore',
    group: 'Figures',
    key: 'e',
    scoped: true,
    load: () => import('../pages/explore.svelte'),
  },
  {
    path: '/requests',
    label: 'Requests',
    group: 'Figures',
    key: 'r',
    scoped: true,
    load: () => import('../pages/requests.svelte'),
  },
  {
    path: '/models',
    label: 'Models',
    group: 'Who and what',
    key: 'm',
    scoped: true,
    load: () => import('../pages/models.svelte'),
  },
  {
    path: '/agents',
    label: 'Agents',
    group: 'Who and what',
    key: 'a',
    scoped: true,
    load: () => import('../pages/agents.svelte'),
  },
  {
    path: '/users',
    label: 'Users',
    group: 'Who and what',
    key: 'u',
    scoped: true,
    load: () => import('../pages/users.svelte'),
  },
  {
    path: '/credentials',
    label: 'Use of keys',
    group: 'Who and what',
    key: 'n',
    scoped: true,
    load: () => import('../pages/credentials.svelte'),
  },
  {
    path: '/providers',
    label: 'Providers',
    group: 'Who and what',
    key: 'p',
    scoped: true,
    always: true,
    load: () => import('../pages/providers.svelte'),
  },
  {
    path: '/sessions',
    label: 'Sessions',
    group: 'Who and what',
    key: 's',
    scoped: true,
    load: () => import('../pages/sessions.svelte'),
  },
  {
    path: '/tools',
    label: 'Tools and routing',
    group: 'Who and what',
    key: 't',
    scoped: true,
    load: () => import('../pages/tools.svelte'),
  },
  {
    path: '/recommendations',
    label: 'Recommendations',
    group: 'What to do',
    key: 'c',
    scoped: false,
    load: () => import('../control/recommendations.svelte'),
  },
  {
    path: '/what-if',
    label: 'What-if',
    group: 'What to do',
    key: 'w',
    scoped: true,
    load: () => import('../pages/what-if.svelte'),
  },
  {
    path: '/budgets',
    label: 'Budgets',
    group: 'What to do',
    key: 'b',
    scoped: false,
    load: () => import('../control/budgets.svelte'),
  },
  {
    path: '/alerts',
    label: 'Alerts',
    group: 'What to do',
    key: 'l',
    scoped: false,
    load: () => import('../control/alerts.svelte'),
  },
  {
    path: '/reports',
    label: 'Reports',
    group: 'What to do',
    key: 'f',
    scoped: true,
    load: () => import('../pages/reports.svelte'),
  },
  {
    path: '/keys',
    label: 'Keys',
    group: 'Server',
    key: 'k',
    scoped: false,
    load: () => import('../control/keys.svelte'),
  },
  {
    path: '/settings',
    label: 'Settings',
    group: 'Server',
    key: ',',
    scoped: false,
    load: () => import('../pages/settings.svelte'),
  },
]

/**
 * The page at an address; an unknown one opens the Overview.
 *
 * @example pageAt('/budgets/').label // 'Budgets'
 */
export function pageAt(pathname: string): Page {
  const path = pathname.replace(/(?<=.)\/$/, '')
  return PAGES.find((page) => page.path === path) ?? (PAGES[0] as Page)
}
