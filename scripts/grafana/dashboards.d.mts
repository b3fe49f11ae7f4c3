/** What tests read of a dashboard. */
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly templating: { readonly list: readonly Variable[] }
  readonly panels: readonly Panel[]
}

export interface Variable {
  readonly name: string
  readonly type: string
  /** Of a variable by a query. */
  readonly definition?: string
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } }
  readonly targets?: readonly Target[]
}

export interface Target {
  readonly refId: string
  readonly expr: string
  readonly legendFormat: string
  readonly instant: boolean
}

export const DASHBOARDS: ReadonlyMap<string, Dashboard>
export function dashboardText(dashboard: Dashboard): string
