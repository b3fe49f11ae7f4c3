/** Whose figures: one tenant's; those of no tenant (null); everybody's (undefined). */
export type Share = string | null | undefined

/** @example isOf(null, undefined) // true */
export function isOf(share: Share, tenantId: string | undefined): boolean {
  return share === undefined || (tenantId ?? null) === share
}
